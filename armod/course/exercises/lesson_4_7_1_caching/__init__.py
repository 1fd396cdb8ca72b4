"""The exercises of lesson 4.7.1, a file each."""
