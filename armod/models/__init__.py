"""The families of autoregressive models, one file each, named as in the literature."""
