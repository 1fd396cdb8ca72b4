"""The exercises of lesson 4.2, a file each."""
