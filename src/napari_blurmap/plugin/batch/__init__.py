"""The panel "Estimate many pictures"."""
