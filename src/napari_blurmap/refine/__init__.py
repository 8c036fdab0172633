"""Smoothing of maps: moving average, along level lines, edge-preserving, Markov random field."""
