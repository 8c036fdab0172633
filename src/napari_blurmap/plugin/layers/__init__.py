"""From maps to layers and back."""
