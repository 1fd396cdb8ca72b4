"""The race: what it shows, its picture, and its page."""
