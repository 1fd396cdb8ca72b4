"""The gates lab: what it shows, its picture, and its page."""
