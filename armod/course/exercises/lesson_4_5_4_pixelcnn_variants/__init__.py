"""The exercises of lesson 4.5.4, a file each."""
