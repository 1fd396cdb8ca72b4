"""Distillation: students that learn from an autoregressive teacher, and that do not wait as it does.

A `FlowStudent` makes sound in one pass. `distill` teaches it by the density of a `Teacher`, and `kl` measures how far it got.
A `LinearPrediction` is a teacher whose density, entropy and spectrum are known: whispered speech. A `MixtureOfProducts` is a
student of a teacher of discrete observations.
"""

from armod.distillation.distilling import History, Teacher, distill, kl
from armod.distillation.flow import FlowStudent
from armod.distillation.linear_prediction import LinearPrediction, analyse, utterance_context
from armod.distillation.mixture_of_products import MixtureOfProducts
from armod.distillation.recipes import (
    STUDENTS,
    StudentReceipt,
    StudentRecipe,
    load_student,
    student_receipt,
)
from armod.distillation.spectra import (
    distance_to_spectrum,
    log_spectral_distance,
    power_loss,
    power_spectrum,
)

__all__ = [
    "STUDENTS",
    "FlowStudent",
    "History",
    "LinearPrediction",
    "MixtureOfProducts",
    "StudentReceipt",
    "StudentRecipe",
    "Teacher",
    "analyse",
    "distance_to_spectrum",
    "distill",
    "kl",
    "load_student",
    "log_spectral_distance",
    "power_loss",
    "power_spectrum",
    "student_receipt",
    "utterance_context",
]
