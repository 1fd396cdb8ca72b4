"""Exercise 7: train a Gated PixelCNN within a budget, and hand in its receipt, which is computed again from the weights."""

from __future__ import annotations

from armod.course.exercises import Exercise
from armod.course.exercises.lesson_4_5_3_pixelcnn.training import HINTS, hands_in_a_receipt
from armod.models.raster.gated_pixelcnn import GatedPixelCNN

variants_budget = Exercise(
    name="variants-budget",
    number=7,
    title="Train within a budget",
    difficulty="medium",
    minutes=20,
    names=("train",),
    hints=HINTS,
)
hands_in_a_receipt(variants_budget, GatedPixelCNN, 6, 2, kernel_size=5)
