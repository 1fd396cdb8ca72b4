"""The exercises of lesson 4.5.3, a file each."""
