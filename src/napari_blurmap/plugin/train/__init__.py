"""The panel "Train blur model"."""
