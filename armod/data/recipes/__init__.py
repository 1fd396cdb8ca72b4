"""How each file that ships in `armod.data` was made: one script a file, from a named public source."""
