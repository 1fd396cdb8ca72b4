"""The exercises of lesson 4.5.1 in their order; each has a module of its own in `armod.course.exercises.lesson_4_5_1_made`."""

from armod.course.exercises.lesson_4_5_1_made import (
    completion,
    counts,
    degrees,
    ensembles,
    leaks,
    masks,
    mixture,
    sampling,
    switching,
)

made_counts = counts.made_counts
made_degrees = degrees.made_degrees
made_masks = masks.made_masks
made_leaks = leaks.made_leaks
made_switching = switching.made_switching
made_ensemble = ensembles.made_ensemble
made_sampling = sampling.made_sampling
made_completion = completion.made_completion
made_mixture = mixture.made_mixture
