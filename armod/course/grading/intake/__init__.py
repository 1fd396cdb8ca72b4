"""From the files of a class to notebooks that can be run."""
