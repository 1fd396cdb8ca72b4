"""Who waits for whom: what the lab shows, its picture, and its page."""
