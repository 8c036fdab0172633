"""Noise off a map."""
