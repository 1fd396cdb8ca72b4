"""Measurements of networks; other packages draw them."""
