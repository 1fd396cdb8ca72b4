"""One file a data set, each with a function `load`."""
