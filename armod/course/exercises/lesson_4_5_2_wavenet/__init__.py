"""The exercises of lesson 4.5.2 in their order; each has a module of its own in `armod.course.exercises.lesson_4_5_2_wavenet`."""

from armod.course.exercises.lesson_4_5_2_wavenet import field, folding, gated, levels, ring

wavenet_field = field.wavenet_field
wavenet_levels = levels.wavenet_levels
wavenet_gated = gated.wavenet_gated
wavenet_folding = folding.wavenet_folding
wavenet_ring = ring.wavenet_ring
