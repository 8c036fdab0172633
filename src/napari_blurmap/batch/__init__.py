"""Many pictures: which they are, a row of figures for each, and what they say together."""
