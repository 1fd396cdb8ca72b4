"""The exercises of lesson 4.6.1, a file each."""
