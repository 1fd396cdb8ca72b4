"""The compose lab: melodies and their harmonies, its picture, its page and its sound."""
