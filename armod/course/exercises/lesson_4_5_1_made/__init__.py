"""The exercises of lesson 4.5.1, a file each."""
