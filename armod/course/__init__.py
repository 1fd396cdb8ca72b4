"""The machinery of the course: lessons, their notebooks, and the commands that run, build and show them."""
