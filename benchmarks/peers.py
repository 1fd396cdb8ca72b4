"""What a user would write today: a GPT with a cache of keys and values, compiled, and a MADE in ONNX Runtime.

The GPT follows gpt-fast: room for all steps from the beginning, attention over all of it under a mask, so that every step has
the same shapes and `torch.compile` makes one program of it.
"""

from __future__ import annotations

import importlib.util
import shutil
from collections.abc import Callable
from typing import Any

import numpy
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from armod import MADE, Transformer, likelihoods
from armod.machine_code import is_wanted
from benchmarks import made
from benchmarks.measure import Result, exponent, interleaved
from benchmarks.transformer import BLOCKS, CHARACTERS, HEADS, LENGTH, WIDTH, lively_gpt

BATCHES, LENGTHS = (1, 16, 64), (128, 256, 512, 1024)


def gpt(repeats: int = 3) -> list[Result]:
    """Texts of 255 characters, 1, 16 and 64 at once; then 16 texts of growing length."""
    results, has_compiler = [], shutil.which("g++") is not None
    lively_gpt(LENGTH).sample(4)  # so that a loop in machine code, where it can be had, has been compiled
    for num in BATCHES:
        model = lively_gpt(LENGTH)
        loops = {"as it is written": _sampler(_Cached(model, num))}
        if has_compiler:
            loops["compiled"] = _sampler(torch.compile(_Cached(model, num), dynamic=False))
        works = [_work(model, num, "cached"), *(_work(model, num, loop) for loop in loops.values())]
        ours, *theirs = interleaved(works, repeats)
        for (name, loop), seconds in zip(loops.items(), theirs, strict=True):
            is_same = torch.equal(works[0](), _work(model, num, loop)())
            results.append(
                Result(
                    f"{num} texts of {LENGTH} characters, against a GPT with a cache, {name}",
                    ours,
                    seconds,
                    at_least=None
                    if name != "compiled" or num == 64
                    else 3
                    if num == 1 and is_wanted()
                    else 2,
                    note="identical samples" if is_same else "samples differ by rounding",
                    multiply_adds=num * multiply_adds(model, LENGTH),
                )
            )
    return [*results, _one_look(lively_gpt(LENGTH)), _growth()]


def onnx(repeats: int = 3) -> list[Result]:
    """Sixteen images by a MADE 784-500-500, against the loop over its export to ONNX Runtime, if that is installed."""
    if not all(map(importlib.util.find_spec, ("onnx", "onnxruntime"))):
        return []
    model = MADE(made.SHAPE, made.HIDDEN, likelihood=likelihoods.Bernoulli())
    run = _exported(model)
    for _ in range(2):  # so many that a loop in machine code, where it can be had, has been compiled
        model.sample(200)

    def loop(model: MADE, uniform: Tensor, *_: object) -> Tensor:
        noise, x = -torch.logit(uniform).float().numpy(), numpy.zeros(uniform.shape, numpy.float32)
        for k, d in enumerate(model.ordering.tolist()):
            x[:, d] = run(x)[:, d] >= noise[:, k]
        return torch.from_numpy(x).long().view(-1, *made.SHAPE)

    ours, theirs = interleaved(
        [lambda: made._sample(model, "cached"), lambda: made._sample(model, loop)], repeats, often=[10, 1]
    )
    note = made.difference(model, made._sample(model, "cached"), made._sample(model, loop))
    name = "MADE 784-500-500, 16 images, against a loop over ONNX Runtime"
    return [Result(name, ours, theirs, at_least=60, note=note)]


def training(repeats: int = 7) -> list[Result]:
    """A step of AdamW on 8 texts, against nanoGPT's step: the same network by `nn.Linear`, and torch's default AdamW."""
    model, plain, alike = lively_gpt(LENGTH), _Plain(lively_gpt(LENGTH)), _Plain(lively_gpt(LENGTH), "tanh")
    x = torch.randint(CHARACTERS, (8, LENGTH), generator=_seeded())
    results = []
    for precision in ("float32", "bfloat16"):
        works = [
            _step(network, loss, precision)
            for network, loss in (
                (model, lambda: -model.log_prob(x).mean() / LENGTH),
                (plain, lambda: F.cross_entropy(plain(x).flatten(0, 1), x.flatten())),
                (alike, lambda: F.cross_entropy(alike(x).flatten(0, 1), x.flatten())),
            )
        ]
        ours, theirs, with_tanh = interleaved(works, repeats)
        name = f"training step of a Transformer, {precision}, against nanoGPT's"
        results.append(Result(name, ours, theirs, at_least=1))
        results.append(
            Result("the same, against nanoGPT's with the GELU of GPT-2, which is ours", ours, with_tanh)
        )
    return results


class _Cached(nn.Module):
    """One step for each call, which writes its keys and values into room for all steps."""

    def __init__(self, model: Transformer, num: int) -> None:
        super().__init__()
        self.num, length = num, model.num_variables
        self.table, self.positions = model.inputs.table().detach(), model.inputs.positions
        self.blocks, self.norm, self.head = model.blocks, model.norm, model.head
        # each in memory of its own, so that the compiler writes in place
        room = (num, HEADS, length, WIDTH // HEADS)
        self.keys = nn.ParameterList(nn.Parameter(torch.zeros(room), False) for _ in range(BLOCKS))
        self.values = nn.ParameterList(nn.Parameter(torch.zeros(room), False) for _ in range(BLOCKS))
        self.register_buffer("is_past", torch.ones(length, length, dtype=torch.bool).tril())

    def forward(self, token: Tensor, step: Tensor) -> Tensor:
        """Tokens ``(N,)`` and the step ``(1,)`` -> logits ``(N, K)``."""
        states = self.table[token] + self.positions[step]
        for number, block in enumerate(self.blocks):
            joint = block.attention_in(block.attention_norm(states))
            query, key, value = joint.view(self.num, 3, HEADS, 1, -1).unbind(1)
            keys, values = self.keys[number], self.values[number]
            keys.index_copy_(2, step, key)
            values.index_copy_(2, step, value)
            means = F.scaled_dot_product_attention(query, keys, values, attn_mask=self.is_past[step])
            states = states + block.attention_out(means.reshape(self.num, WIDTH))
            hidden = F.gelu(block.network_in(block.network_norm(states)), approximate="tanh")
            states = states + block.network_out(hidden)
        return self.head(self.norm(states))


class _Plain(nn.Module):
    """The network of nanoGPT, with the weights of ours; its GELU is the exact one."""

    def __init__(self, model: Transformer, gelu: str = "none") -> None:
        super().__init__()
        self.gelu = gelu
        self.tokens = nn.Embedding.from_pretrained(model.inputs.table().detach().clone(), freeze=False)
        self.positions = nn.Parameter(model.inputs.positions.detach().clone())
        self.blocks, self.norm, self.head = model.blocks, model.norm, model.head

    def forward(self, x: Tensor) -> Tensor:
        """Levels ``(N, T)`` -> the logits of each, ``(N, T, K)``."""
        states = self.tokens(F.pad(x[:, :-1], (1, 0), value=CHARACTERS)) + self.positions
        for block in self.blocks:
            joint = block.attention_in(block.attention_norm(states))
            query, key, value = (
                part.view(*x.shape, HEADS, -1).transpose(1, 2) for part in joint.split(WIDTH, dim=2)
            )
            means = F.scaled_dot_product_attention(query, key, value, is_causal=True)
            states = states + block.attention_out(means.transpose(1, 2).reshape(states.shape))
            hidden = F.gelu(block.network_in(block.network_norm(states)), approximate=self.gelu)
            states = states + block.network_out(hidden)
        return self.head(self.norm(states))


def _sampler(step_of: Callable[[Tensor, Tensor], Tensor]) -> Callable[..., Tensor]:
    """A sampler: one call for each character, softmax, one draw from explicit noise."""

    @torch.no_grad()
    def sampler(model: Transformer, uniform: Tensor, *_: object) -> Tensor:
        noise, drawn, token = uniform.float(), [], torch.full((len(uniform),), CHARACTERS)
        for step in range(uniform.shape[1]):
            cumulative = step_of(token, torch.tensor([step])).softmax(-1).cumsum(-1)
            token = (cumulative[:, :-1] <= noise[:, step, None]).sum(-1)
            drawn.append(token)
        return torch.stack(drawn, dim=1)

    return sampler


def _one_look(model: Transformer) -> Result:
    """The floor of one text: each step multiplies all weights with one vector, and nothing else."""
    matrices = [layer.weight.detach() for layer in model.modules() if isinstance(layer, nn.Linear)]
    vectors = [torch.rand(matrix.shape[1]) for matrix in matrices]

    def look() -> None:
        for _ in range(LENGTH):
            for matrix, vector in zip(matrices, vectors, strict=True):
                torch.mv(matrix, vector)

    ours, floor = interleaved([_work(model, 1, "cached"), look], 5)
    return Result("1 text, against one product of all weights with a vector for each character", ours, floor)


def _growth(repeats: int = 1) -> Result:
    """Seconds a character of 16 texts, against the length."""
    works = [_work(lively_gpt(length), 16, "cached") for length in LENGTHS]
    seconds = [each / length for each, length in zip(interleaved(works, repeats), LENGTHS, strict=True)]
    note = f"seconds a character ~ length^{exponent(LENGTHS, seconds):.2f}"
    return Result(
        f"16 texts, a character of {LENGTHS[-1]:,}, against one of {LENGTHS[0]}",
        seconds[-1],
        seconds[0],
        note=note,
    )


def multiply_adds(model: Transformer, length: int) -> float:
    """Of one text: every matrix once a step, and attention over the steps so far."""
    matrices = sum(layer.weight.numel() for layer in model.modules() if isinstance(layer, nn.Linear))
    return length * (matrices + BLOCKS * 2 * WIDTH * (length + 1) / 2)


def _exported(model: MADE) -> Callable[[Any], Any]:
    """ONNX Runtime's network on one thread: levels ``(N, D)`` -> logits ``(N, D)``, masks folded into the weights."""
    import onnxruntime
    from onnx import TensorProto, helper, numpy_helper

    nodes, weights, name = [], [], "x"
    for number, layer in enumerate(model.linear_layers):
        matrix = (layer.weight * model._weight_mask(number)).detach().numpy()
        for kind, array in (("w", matrix), ("b", layer.bias.detach().numpy())):
            weights.append(numpy_helper.from_array(array, f"{kind}{number}"))
        nodes.append(helper.make_node("Gemm", [name, f"w{number}", f"b{number}"], [f"sum{number}"], transB=1))
        name = f"sum{number}"
        if number + 1 < len(model.linear_layers):
            nodes.append(helper.make_node("Relu", [name], [f"h{number}"]))
            name = f"h{number}"
    ends = [helper.make_tensor_value_info(each, TensorProto.FLOAT, ["N", 784]) for each in ("x", name)]
    graph = helper.make_graph(nodes, "made", ends[:1], ends[1:], weights)
    exported = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(exported.SerializeToString(), options)
    return lambda x: session.run(None, {"x": x})[0]


def _step(network: nn.Module, loss: Callable[[], Tensor], precision: str) -> Callable[[], None]:
    optimizer = torch.optim.AdamW(network.parameters(), fused=isinstance(network, Transformer))

    def step() -> None:
        optimizer.zero_grad(set_to_none=True)
        with torch.autocast("cpu", torch.bfloat16, enabled=precision == "bfloat16"):
            value = loss()
        value.backward()
        optimizer.step()

    return step


def _work(model: Transformer, num: int, method: Any) -> Callable[[], Tensor]:
    return lambda: model.sample(num, generator=_seeded(), method=method)


def _seeded() -> torch.Generator:
    return torch.Generator().manual_seed(0)
