"""The speak lab: what it shows, its picture, its page, and its form on a live kernel."""
