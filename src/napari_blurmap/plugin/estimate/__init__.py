"""The panel "Estimate blur"."""
