"""The ordering explorer: what it shows, its picture, and its page."""
