"""The exercises of lesson 4.5.3 in their order; each has a module of its own in `armod.course.exercises.lesson_4_5_3_pixelcnn`."""

from armod.course.exercises.lesson_4_5_3_pixelcnn import (
    bits,
    blind_spot,
    colours,
    completion,
    masks,
    one_by_one,
)

pixelcnn_masks = masks.pixelcnn_masks
pixelcnn_bits = bits.pixelcnn_bits
pixelcnn_colours = colours.pixelcnn_colours
pixelcnn_blind_spot = blind_spot.pixelcnn_blind_spot
pixelcnn_one_by_one = one_by_one.pixelcnn_one_by_one
pixelcnn_completion = completion.pixelcnn_completion
