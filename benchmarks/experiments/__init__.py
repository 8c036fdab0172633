"""What was tried: a script for each row of docs/experiments.md that can be run again."""
