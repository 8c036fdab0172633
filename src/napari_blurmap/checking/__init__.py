"""A model against a user's own picture."""
