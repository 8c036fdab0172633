"""The panel "Check on my picture"."""
