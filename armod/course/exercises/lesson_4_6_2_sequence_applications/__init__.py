"""The exercises of lesson 4.6.2, a file each."""
