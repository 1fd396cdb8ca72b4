"""Loops that overlap leave the process as they found it: its threads, NumPy's, the style of figures, the generators."""

from __future__ import annotations

import gc
import itertools
import random
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
import pytest
import torch
from threadpoolctl import ThreadpoolController, threadpool_limits

from armod import (
    MADE,
    GatedPixelCNN,
    MultiScale,
    PixelCNN,
    PixelCNNPlusPlus,
    RecurrentModel,
    Transformer,
    WaveNet,
)
from armod.data.sets.chorales import _no_garbage_collection
from armod.figures.picture import Picture, new_picture
from armod.figures.style import drawing_style, font_family
from armod.figures.text import text_width
from armod.likelihoods import Bernoulli, Categorical
from armod.models.sequence.step_inputs import StepInputs, initial_weights
from armod.process_wide import ProcessWide
from armod.sampling.threads import one_thread

CPU = torch.device("cpu")
Block = Callable[[], AbstractContextManager[Any]]


def numpys_threads() -> set[int]:
    """Those of NumPy's own library: another test may have loaded SciPy's, which no loop of armod uses."""
    np.ones((2, 2)) @ np.ones((2, 2))
    blas = ThreadpoolController().select(user_api="blas").info()
    return {found["num_threads"] for found in blas if Path(found["filepath"]).parent.name != "scipy.libs"}


def threads() -> tuple[int, int, set[int]]:
    """The number of threads here, in a new thread, and of NumPy."""
    with ThreadPoolExecutor(1) as pool:
        return torch.get_num_threads(), pool.submit(torch.get_num_threads).result(), numpys_threads()


@pytest.fixture(autouse=True)
def three_threads() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(3)
    with threadpool_limits(3, "blas"):
        yield
    torch.set_num_threads(before)


def overlap(block: Block, order: str, *, fails: bool = False) -> list[Any]:
    """Enter and leave blocks in several threads in this order: "AbBa" means A in, B in, B out, A out (A is this thread).

    Returns what `threads` of each thread says while all are inside, if the block is `one_thread`.
    """
    turns = [threading.Event() for _ in range(len(order) + 1)]
    seen, errors = [], []

    def run(name: str) -> None:
        enter, leave = (order.index(letter) for letter in (name, name.lower()))
        try:
            turns[enter].wait(300)
            with block():
                turns[enter + 1].set()
                turns[leave].wait(300)
                seen.append(torch.get_num_threads())
                if fails:
                    raise KeyError(name)
        except KeyError:
            pass
        except Exception as error:
            errors.append(error)
        turns[leave + 1].set()

    others = [
        threading.Thread(target=run, args=(name,)) for name in sorted(set(order.upper())) if name != "A"
    ]
    for other in others:
        other.start()
    turns[0].set()
    run("A")
    for other in others:
        other.join(300)
    assert not errors
    return seen


ORDERS = ["AaBb", "ABab", "ABba", "BAab", "BAba", "ABCabc", "CABbca", "BCAcab"]


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("fails", [False, True])
def test_overlapping_loops_run_on_one_thread_and_leave_all_that_there_were(order: str, fails: bool) -> None:
    before = threads()
    assert overlap(lambda: one_thread(CPU), order, fails=fails) == [1] * (len(order) // 2)
    assert threads() == before == (3, 3, {3})


def test_the_test_above_catches_blocks_that_save_and_restore_by_themselves() -> None:
    @contextmanager
    def old() -> Iterator[None]:
        before = torch.get_num_threads()
        torch.set_num_threads(1)
        try:
            with ThreadpoolController().limit(limits=1, user_api="blas"):
                yield
        finally:
            torch.set_num_threads(before)

    overlap(old, "ABab")
    assert threads()[:2] == (3, 1)
    torch.set_num_threads(3)


def test_loops_inside_loops_stay_on_one_thread_until_the_outermost_ends() -> None:
    with one_thread(CPU):
        with one_thread(CPU), one_thread(torch.device("meta")):
            pass
        assert torch.get_num_threads() == 1 and numpys_threads() == {1}
    assert threads() == (3, 3, {3})


def test_loops_of_one_thread_may_end_in_any_order() -> None:
    """As generators do that one loop reads in turn."""
    first, second = one_thread(CPU), one_thread(CPU)
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    assert torch.get_num_threads() == 1
    second.__exit__(None, None, None)
    assert threads() == (3, 3, {3})


@pytest.mark.parametrize("device", ["cuda:0", "meta"])
def test_on_other_devices_nothing_changes(device: str) -> None:
    with one_thread(torch.device(device)):
        assert threads() == (3, 3, {3})
    assert threads() == (3, 3, {3})


def test_what_was_set_between_two_loops_is_kept() -> None:
    with one_thread(CPU):
        pass
    torch.set_num_threads(2)
    with one_thread(CPU):
        pass
    assert torch.get_num_threads() == 2


def test_a_thread_born_inside_a_loop_does_not_pass_on_the_loops_one_thread() -> None:
    def loop() -> None:
        with one_thread(CPU):
            assert torch.get_num_threads() == 1

    with ThreadPoolExecutor(1) as pool:
        with one_thread(CPU):
            assert pool.submit(torch.get_num_threads).result() == 1
        pool.submit(loop).result()
        assert pool.submit(torch.get_num_threads).result() == 3
    assert threads() == (3, 3, {3})


def test_one_thread_is_kept_where_somebody_chose_it() -> None:
    with one_thread(CPU):
        pass
    torch.set_num_threads(1)
    with one_thread(CPU):
        pass
    assert threads()[:2] == (1, 1)


def test_many_samples_at_once_leave_all_threads() -> None:
    model = MADE((5,), [7], likelihood=Bernoulli())
    noise = [torch.Generator().manual_seed(seed) for seed in range(12)]
    alone = [model.sample(3, generator=torch.Generator().manual_seed(seed)) for seed in range(12)]
    with ThreadPoolExecutor(6) as pool:
        together = list(pool.map(lambda generator: model.sample(3, generator=generator), noise))
    assert all(map(torch.equal, alone, together))
    assert threads() == (3, 3, {3})


def test_a_sample_that_fails_leaves_all_threads() -> None:
    class Broken(Bernoulli):
        def draw(self, parameters, noise):
            raise KeyError("broken")

        def draw_features(self, parameters, noise, out):
            raise KeyError("broken")

    model = RecurrentModel((5,), 7, likelihood=Broken())
    with ThreadPoolExecutor(4) as pool:
        for done in [pool.submit(model.sample, 3) for _ in range(8)]:
            with pytest.raises(KeyError):
                done.result()
    assert threads() == (3, 3, {3})


def test_a_change_is_made_once_and_undone_once_whoever_comes_and_goes() -> None:
    made, undone = itertools.count(), itertools.count()

    @ProcessWide
    @contextmanager
    def change() -> Iterator[str]:
        next(made)
        try:
            yield "value"
        finally:
            next(undone)

    for fails in (False, True):
        overlap(change, "ABCbac", fails=fails)
        with change() as first, change() as second:
            assert first == second == "value"
    assert next(made) == next(undone) == 4


def test_a_change_that_fails_leaves_room_for_the_next() -> None:
    attempts = iter([ValueError("no"), None])

    @ProcessWide
    @contextmanager
    def change() -> Iterator[None]:
        if error := next(attempts):
            raise error
        yield

    with pytest.raises(ValueError, match="no"), change():
        pass
    with change():
        pass


# -- figures ------------------------------------------------------------------------------------------------------------


def style_of_user() -> dict[str, Any]:
    return {name: matplotlib.rcParams[name] for name in matplotlib.rcParams if name != "backend"}


@pytest.mark.parametrize(
    "block",
    [drawing_style, lambda: new_picture(1, 1)],
    ids=["style", "picture"],
)
@pytest.mark.parametrize("order", ["ABab", "BAab", "ABCcab"])
def test_pictures_that_overlap_leave_the_users_style(block: Block, order: str) -> None:
    with matplotlib.rc_context({"text.color": "#123456", "svg.hashsalt": "mine"}):
        before = style_of_user()
        overlap(block, order, fails=True)
        assert style_of_user() == before


def test_the_test_above_catches_styles_that_save_and_restore_by_themselves() -> None:
    with matplotlib.rc_context({"text.color": "#123456"}):
        before = style_of_user()
        overlap(lambda: matplotlib.rc_context({"text.color": "#654321"}), "ABab")
        assert style_of_user() != before


def test_pictures_are_drawn_alike_in_many_threads() -> None:
    def draw(number: int) -> tuple[bytes, float]:
        with new_picture(1, 1) as picture:
            picture.text(0.1, 0.5, "alike")
        return picture.png(), text_width("alike", 10)

    alone = draw(0)
    with matplotlib.rc_context({"text.color": "#ff0000"}), ThreadPoolExecutor(4) as pool:
        assert set(pool.map(draw, range(8))) == {alone}
        assert matplotlib.rcParams["text.color"] == "#ff0000"
    assert isinstance(Picture(), Picture)


def test_the_fonts_are_registered_once_by_many_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    manager = matplotlib.font_manager.fontManager
    font_family()
    ours = {entry.fname for entry in manager.ttflist if "armod" in entry.fname}
    monkeypatch.setattr(manager, "ttflist", [entry for entry in manager.ttflist if entry.fname not in ours])
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: font_family(), range(16)))
    assert sorted(entry.fname for entry in manager.ttflist if entry.fname in ours) == sorted(ours)


# -- generators ---------------------------------------------------------------------------------------------------------

BUILDERS: dict[str, Callable[[], torch.nn.Module]] = {
    "made": lambda: MADE((5,), [4], likelihood=Bernoulli(), num_masks=3),
    "recurrent": lambda: RecurrentModel((5,), 4, likelihood=Categorical(3), num_layers=2, context_size=2),
    "wavenet": lambda: WaveNet((5,), 4, dilations=[1, 2], likelihood=Categorical(3), context_size=2),
    "transformer": lambda: Transformer((5,), 4, num_layers=2, num_heads=2, likelihood=Categorical(3)),
    "pixelcnn": lambda: PixelCNN((1, 3, 3), 4, 1, likelihood=Bernoulli(), context_channels=2),
    "gated": lambda: GatedPixelCNN((1, 3, 3), 4, 1, likelihood=Bernoulli()),
    "multi-scale": lambda: MultiScale((1, 3, 3), 4, 1, likelihood=Bernoulli()),
    "pixelcnn++": lambda: PixelCNNPlusPlus((1, 3, 3), 4, num_resnets=1, num_mixtures=1),
}


@pytest.mark.parametrize("build", BUILDERS.values(), ids=BUILDERS.keys())
def test_a_new_model_neither_reads_nor_changes_the_global_generators(build) -> None:
    torch.manual_seed(3)
    states = torch.get_rng_state(), random.getstate(), np.random.get_state()[1].tobytes()
    one = build().state_dict()
    assert torch.equal(torch.get_rng_state(), states[0])
    assert (random.getstate(), np.random.get_state()[1].tobytes()) == states[1:]
    torch.manual_seed(4)
    assert all(torch.equal(value, one[name]) for name, value in build().state_dict().items())


def test_nobody_disturbs_a_model_that_is_being_made_or_is_disturbed_by_it() -> None:
    """What was there before: a thread that draws meanwhile reads the seeded numbers, and reads the same again later."""
    seeds = [torch.Generator().manual_seed(5) for _ in range(2)]
    with initial_weights(5):
        inside, drawn = torch.randn(3), []
        with ThreadPoolExecutor(1) as pool:
            drawn = pool.submit(torch.randn, 3).result()
        more = torch.randn(4)
    assert torch.equal(torch.cat([inside, more]), torch.randn(7, generator=seeds[0]))
    assert not torch.equal(drawn, inside) and not torch.equal(drawn, torch.randn(3, generator=seeds[1]))


def test_many_models_made_at_once_are_those_made_alone() -> None:
    alone = {name: build().state_dict() for name, build in BUILDERS.items()}
    names = [*BUILDERS] * 4
    with ThreadPoolExecutor(8) as pool:
        for name, made in zip(
            names, pool.map(lambda name: BUILDERS[name]().state_dict(), names), strict=True
        ):
            assert all(torch.equal(value, alone[name][key]) for key, value in made.items())


def test_initial_weights_are_those_of_the_global_generator_with_this_seed() -> None:
    def build() -> torch.nn.ModuleList:
        linear, recurrent = torch.nn.Linear(5, 33), torch.nn.GRU(7, 9, 2)
        inputs = StepInputs(Categorical(11), 17, num_positions=4, context_size=3)
        normal = torch.nn.Embedding(5, 6)
        return torch.nn.ModuleList([linear, recurrent, inputs, normal])

    with initial_weights(8):
        ours = build()
    with torch.random.fork_rng():
        torch.manual_seed(8)
        usual = build()
    assert all(map(torch.equal, ours.parameters(), usual.parameters()))


def test_weights_without_memory_are_no_obstacle() -> None:
    with torch.device("meta"), initial_weights(0):
        inputs = StepInputs(Categorical(11), 17, num_positions=4, context_size=3)
    assert {parameter.device.type for parameter in inputs.parameters()} == {"meta"}


def test_the_garbage_collector_comes_back() -> None:
    assert gc.isenabled()
    overlap(_no_garbage_collection, "ABab", fails=True)
    assert gc.isenabled()
    gc.disable()
    try:
        overlap(_no_garbage_collection, "ABab")
        assert not gc.isenabled()
    finally:
        gc.enable()
