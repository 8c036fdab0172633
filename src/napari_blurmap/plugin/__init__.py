"""The top floor: everything that napari sees."""
