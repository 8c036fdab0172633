"""What a picture is and says of itself; one plane, ready for a network."""
