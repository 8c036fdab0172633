"""The map, its summary, words and scores."""
