"""Distillation: students that learn from an autoregressive teacher, and that do not wait as it does."""

from armod.distillation.mixture_of_products import MixtureOfProducts

__all__ = ["MixtureOfProducts"]
