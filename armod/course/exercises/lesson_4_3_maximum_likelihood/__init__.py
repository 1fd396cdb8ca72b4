"""The exercises of lesson 4.3, a file each."""
