"""Training on a user's own pictures."""
