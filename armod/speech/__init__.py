"""Text to speech: words to phones, phones to durations, spectrum and pitch, and these to sound by a WaveNet."""
