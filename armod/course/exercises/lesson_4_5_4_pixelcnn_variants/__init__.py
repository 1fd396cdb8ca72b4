"""The exercises of lesson 4.5.4 in their order; each has a module of its own in `armod.course.exercises.lesson_4_5_4_pixelcnn_variants`."""

from armod.course.exercises.lesson_4_5_4_pixelcnn_variants import (
    channels,
    counts,
    edges,
    gates,
    link,
    streams,
)

variants_counts = counts.variants_counts
variants_gate = gates.variants_gate
variants_link = link.variants_link
variants_edges = edges.variants_edges
variants_channels = channels.variants_channels
variants_streams = streams.variants_streams
