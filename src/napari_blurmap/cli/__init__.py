"""The shell: a file a command."""
