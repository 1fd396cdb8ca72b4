"""Lessons and their notebooks: built, paired, run, shown, opened."""
