"""The networks, the models made of them, and where they are found."""
