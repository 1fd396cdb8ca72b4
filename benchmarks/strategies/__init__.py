"""The strategies of section 4.7: guessing, speculation, models that wait less, and what they cost."""
