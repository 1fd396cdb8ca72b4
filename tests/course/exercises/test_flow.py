"""The density that the exercise on flows holds for right, against autograd's Jacobian."""

import numpy as np
import torch

from armod.course.exercises.lesson_4_7_2_parallel_generation.flow import _cases, flow


def test_the_right_density_is_that_of_the_change_of_variables() -> None:
    for z, weight, bias in _cases(np.random.default_rng(0)):
        of_row = torch.func.jacrev(lambda row, w=weight, b=bias: flow(row[None], w, b)[0][0])
        jacobian = torch.func.vmap(of_row)(z)
        base = torch.distributions.TransformedDistribution(
            torch.distributions.Uniform(torch.zeros(1).double(), 1.0),
            [torch.distributions.SigmoidTransform().inv],
        ).log_prob(z)
        right = base.sum(1) - torch.linalg.slogdet(jacobian)[1]
        assert torch.allclose(flow(z, weight, bias)[1], right)
        assert not torch.allclose(flow(z, weight, bias, lag=0)[1], right)
