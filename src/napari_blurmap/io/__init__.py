"""Arrays and dictionaries to and from disk."""
