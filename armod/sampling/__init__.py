"""How one variable after another is drawn."""
