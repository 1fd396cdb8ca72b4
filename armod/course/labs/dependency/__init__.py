"""The dependency lab: what the oracle finds in a model of one's own, its picture, and its page."""
