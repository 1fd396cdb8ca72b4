"""The exercises of lesson 4.4, a file each."""
