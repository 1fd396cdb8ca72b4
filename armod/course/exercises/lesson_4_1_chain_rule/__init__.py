"""The exercises of lesson 4.1, a file each."""
