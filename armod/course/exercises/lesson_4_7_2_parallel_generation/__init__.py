"""The exercises of lesson 4.7.2, a file each."""
