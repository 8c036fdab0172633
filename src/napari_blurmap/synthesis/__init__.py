"""Synthetic pictures with a known blur: sharp scenes, sigma fields, blur, camera, training data."""
