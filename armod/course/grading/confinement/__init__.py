"""What a student's kernel is locked in by."""
