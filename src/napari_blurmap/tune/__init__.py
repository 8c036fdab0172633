"""Training on the user's own pictures."""
