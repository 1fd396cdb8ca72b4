"""Models that go from a coarse image to a fine one."""
