"""What is kept of a marked class, and handed on."""
