"""The map of passes: what it shows, its picture, and its page."""
