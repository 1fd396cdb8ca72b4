"""The paint lab: what it shows, its picture, and its page."""
