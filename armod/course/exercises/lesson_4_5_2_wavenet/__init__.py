"""The exercises of lesson 4.5.2, a file each."""
