"""Starting, watching and stopping work."""
