"""The letters lab: the network that it runs, what it shows, its picture, and its page."""
