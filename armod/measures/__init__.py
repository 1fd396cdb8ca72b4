"""What is measured of a network and drawn elsewhere."""
