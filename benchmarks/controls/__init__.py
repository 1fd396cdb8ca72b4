"""Controls of what lessons say: the same experiment with only the named cause removed, with several seeds."""
