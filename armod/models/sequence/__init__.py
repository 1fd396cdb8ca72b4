"""Models that read an observation as one sequence: recurrent networks, the Transformer, WaveNet."""
