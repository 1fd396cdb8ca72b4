"""The course map: what it shows, its picture, and its page."""
