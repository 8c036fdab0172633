"""The panel "Smooth blur map"."""
