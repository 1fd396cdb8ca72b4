"""How each file that ships in `armod.data` was made from a named public source: one script per file."""
