"""Experiments that lessons draw and that are too dear to run there; their numbers lie in `armod.course.measured`."""
