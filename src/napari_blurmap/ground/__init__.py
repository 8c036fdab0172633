"""What everybody stands on: units, optics, numbers; imports nothing of ours but errors."""
