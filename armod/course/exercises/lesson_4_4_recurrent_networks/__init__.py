"""The exercises of lesson 4.4 in their order; each has a module of its own in `armod.course.exercises.lesson_4_4_recurrent_networks`."""

from armod.course.exercises.lesson_4_4_recurrent_networks import bits, gru, reach, sampling, shift

recurrent_bits = bits.recurrent_bits
recurrent_gru = gru.recurrent_gru
recurrent_shift = shift.recurrent_shift
recurrent_reach = reach.recurrent_reach
recurrent_sampling = sampling.recurrent_sampling
