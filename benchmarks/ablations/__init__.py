"""What the parts of a network are for: each is taken away by itself, with three seeds, and all else is equal."""
