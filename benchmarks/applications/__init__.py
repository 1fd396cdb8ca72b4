"""What lesson 4.6 claims, measured at length."""
