"""The exercises of lesson 4.2 in their order; each has a module of its own in `armod.course.exercises.lesson_4_2_histograms`."""

from armod.course.exercises.lesson_4_2_histograms import choice, collapse, levels, sparse

histogram_levels = levels.histogram_levels
histogram_sparse = sparse.histogram_sparse
histogram_collapse = collapse.histogram_collapse
histogram_choice = choice.histogram_choice
