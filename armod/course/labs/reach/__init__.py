"""The reach lab: what it shows, its picture, and its page."""
