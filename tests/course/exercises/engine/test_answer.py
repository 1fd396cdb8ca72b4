"""Questions and replies: what the checks see of an answer that is honest, unfinished, broken or hostile."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import armod
from armod.course.exercises.engine import codec, responder
from armod.course.exercises.engine.answer import Answer, AnswerError, Handle, InProcess, NotAnswered
from armod.course.exercises.engine.codec import MAX_ITEMS
from armod.course.exercises.engine.reading import Mistake
from armod.likelihoods import Bernoulli


def answer_of(source: str, **names: Any) -> Answer:
    """The answer of a learner whose notebook holds this source."""
    exec(compile(source, "cell", "exec"), names)
    return Answer(InProcess(names))


def test_functions_and_values_answer_in_plain_data() -> None:
    answer = answer_of("def add(a, *, b): return a + b\nnumber = 3")
    assert answer.call("add", 1, b=2) == 3
    assert torch.equal(answer.call("add", torch.ones(2), b=1), torch.full((2,), 2.0))
    assert answer.value("number") == 3


def test_arguments_are_copies() -> None:
    answer = answer_of("def spoil(x, y):\n    x.zero_()\n    y.clear()\n    return 1")
    tensor, numbers = torch.ones(2), [1, 2]
    with pytest.raises(Mistake, match="`spoil` has changed its argument `x`"):
        answer.call("spoil", tensor, numbers)
    assert tensor.all() and numbers == [1, 2]


@pytest.mark.parametrize(
    ("body", "changed", "moved"),
    [
        ("return x + 1", [], []),
        ("x *= 2; return x", ["x"], []),
        ("y.append(3); return x", ["y"], []),
        ("torch.manual_seed(1); return x", [], ["torch"]),
        ("torch.rand(1, generator=torch.Generator().manual_seed(1)); return x", [], []),
        ("np.random.rand(); random.random(); return x", [], ["numpy", "random"]),
    ],
)
def test_what_a_call_leaves_behind(body: str, changed: list[str], moved: list[str]) -> None:
    answer = answer_of(f"import random, torch\nimport numpy as np\ndef f(x, y, handle): {body}")
    handle = answer.make("likelihoods.Bernoulli")
    value, *left = answer.watched("f", torch.ones(2), [1, 2], handle)
    assert value.shape == (2,)
    assert left == [changed, moved]


def test_what_was_returned_can_no_longer_change() -> None:
    answer = answer_of(
        "kept = [1]\ndef give(): return kept\ndef spoil():\n    kept.append(2)\n    return True"
    )
    first = answer.call("give")
    answer.call("spoil")
    assert first == [1]


def test_models_are_handles_that_can_be_called_asked_and_passed_back() -> None:
    answer = answer_of(
        "import armod\n"
        "def build(seed): return armod.MADE((3,), [4], likelihood=armod.likelihoods.Bernoulli(), seed=seed)\n"
        "def score(model, x): return model.log_prob(x)"
    )
    model = answer.call("build", 5)
    assert isinstance(model, Handle) and model.kind == "MADE"
    x = torch.tensor([[0, 1, 1]])
    due = armod.MADE((3,), [4], likelihood=Bernoulli(), seed=5).log_prob(x).detach()
    for got in (answer.call("score", model, x), model(x), model.call("log_prob", x)):
        assert torch.equal(got, due)
    assert model.value("ordering").tolist() == [0, 1, 2]
    assert model.call("conditionals", x).value("logits").shape == (1, 3)


def test_the_library_can_be_used_on_the_learners_side() -> None:
    answer = answer_of("def count(model): return sum(p.numel() for p in model.parameters())")
    model = answer.make("MADE", (3,), [4], likelihood=answer.make("likelihoods.Bernoulli"), seed=5)
    assert answer.call("count", model) == 3 * 4 + 4 + 4 * 3 + 3


def test_a_check_cannot_send_what_is_no_plain_data() -> None:
    answer, other = answer_of("def f(x): return x"), answer_of("thing = object()")
    with pytest.raises(TypeError, match="handles of the same answer"):
        answer.call("f", object())
    with pytest.raises(TypeError, match="handles of the same answer"):
        answer.call("f", other.value("thing"))


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("", "There is no `f` yet"),
        ("f = ...", "`f` is still `...`"),
        ("f = None", "`f` is still `None`"),
        ("def f(x): ...", "`f` returned nothing"),
        ("def f(x): return ...", "`f` returned ..."),
        ("def f(x): raise NotImplementedError", "`f` is not implemented yet"),
        ("def f(x): raise NotImplementedError('later')", "`f` is not implemented yet"),
    ],
)
def test_a_stub_is_not_answered_yet(source: str, words: str) -> None:
    with pytest.raises(NotAnswered, match=words.replace(".", r"\.")):
        answer_of(source).call("f", 1)


@pytest.mark.parametrize("source", ["", "f = ...", "f = None"])
def test_a_value_can_be_missing_too(source: str) -> None:
    with pytest.raises(NotAnswered):
        answer_of(source).value("f")


def test_errors_name_the_learners_line_and_the_question() -> None:
    answer = answer_of("def f(x):\n    y = x\n    return g(y)\ndef g(y):\n    return [][y]")
    with pytest.raises(AnswerError) as caught:
        answer.call("f", torch.tensor([0.5]).long())
    assert caught.value.type_name == "IndexError"
    assert "line 5 of `g`" in caught.value.message
    assert caught.value.question == "f([0])"


def test_an_error_in_a_comprehension_goes_by_the_name_of_its_function() -> None:
    answer = answer_of("def f(x):\n    return [1 / each for each in x.tolist()]")
    with pytest.raises(AnswerError) as caught:
        answer.call("f", torch.tensor([0]))
    assert "line 2 of `f`" in caught.value.message


@pytest.mark.parametrize(
    ("source", "type_name"),
    [
        ("f = 3", "TypeError"),
        ("def f(): return 1", "TypeError"),
        ("def f(x): raise SystemExit", "SystemExit"),
        ("def f(x): return f(x)", "RecursionError"),
        ("def f(x): exec('1 +')", "SyntaxError"),
        ("class Odd(Exception):\n    def __str__(self): raise KeyError\ndef f(x): raise Odd", "Odd"),
        ("def f(x): raise ValueError('\\ud800' * 10_000)", "ValueError"),
        ("Odd = type('\\u1234' * 9_999, (Exception,), {})\ndef f(x): raise Odd", "\u1234" * 100),
        ("def f(x):\n    ring = []\n    ring.append(ring)\n    return ring", "NotPlainError"),
        ("def f(x): return 10 ** 1_000", "NotPlainError"),
        (f"def f(x): return [0] * {MAX_ITEMS}", "NotPlainError"),
        ("import torch\ndef f(x): return torch.zeros(1).expand(2 ** 40)", "NotPlainError"),
    ],
)
def test_whatever_goes_wrong_over_there_is_one_exception_here(source: str, type_name: str) -> None:
    with pytest.raises(AnswerError) as caught:
        answer_of(source).call("f", 1)
    assert caught.value.type_name == type_name
    assert len(caught.value.message) < 700
    str(caught.value).encode()


def test_an_interrupt_reaches_the_learner() -> None:
    with pytest.raises(KeyboardInterrupt):
        answer_of("def f(): raise KeyboardInterrupt").call("f")


@pytest.mark.parametrize(
    "source",
    [
        "def f():\n    while True: yield 1",
        "class Lie(object):\n    def __eq__(self, other): return True\ndef f(): return Lie()",
        "import numpy\ndef f(): return numpy.array([object()])",
        "def f(): return lambda: 1",
    ],
)
def test_what_is_no_data_is_a_handle_and_equal_to_nothing(source: str) -> None:
    got = answer_of(source).call("f")
    assert type(got) is Handle
    assert got != 3 and got not in (0, 1, True, "")


class Fixed:
    """A hostile transport: the same reply to every question."""

    def __init__(self, reply: str) -> None:
        self.reply = reply

    def request(self, text: str) -> str:
        return self.reply


@pytest.mark.parametrize(
    "reply",
    [
        "",
        "null",
        "[]",
        '"passed"',
        '{"tuple": []}',
        '{"tuple": ["passed"]}',
        '{"tuple": ["value"]}',
        '{"tuple": ["value", 1, 2]}',
        '{"tuple": ["error", "A"]}',
        '{"tuple": ["error", 1, 2]}',
        '{"tuple": ["unanswered", null]}',
        "[" * 10_000,
        "9" * 100_000,
    ],
)
def test_a_reply_that_is_none_is_an_error_of_the_answer(reply: str) -> None:
    with pytest.raises(AnswerError) as caught:
        Answer(Fixed(reply)).call("f")
    assert caught.value.type_name == "NotPlainError"
    assert caught.value.question == "f()"


def test_forged_handles_are_just_objects_over_there() -> None:
    handle = Answer(Fixed('{"tuple": ["value", {"handle": [-99, "<b>MADE</b>"]}]}')).value("model")
    assert type(handle) is Handle and repr(handle) == "<a <b>MADE</b>>"
    with pytest.raises(AnswerError, match="IndexError"):
        answer = answer_of("def f(x): return x")
        answer.call("f", Handle(answer, 99, "MADE"))


@pytest.mark.parametrize(
    "reply",
    [
        ("unanswered", "x" * 10**6),
        ("error", "x" * 10**6, "y"),
        ("error", "x", "y" * 10**6),
    ],
)
def test_a_hostile_message_is_cut_short(reply: tuple[str, ...]) -> None:
    with pytest.raises((NotAnswered, AnswerError)) as caught:
        Answer(Fixed(json.dumps({"tuple": reply}))).value("f")
    assert len(str(caught.value)) < 1_000
    named = Answer(Fixed(json.dumps({"tuple": ["value", {"handle": [0, "x" * 10**6]}]}))).value("f")
    assert len(repr(named)) < 200


def test_a_late_reply_says_what_was_asked() -> None:
    class Late:
        def request(self, text: str) -> str:
            raise AnswerError("TimeoutError", "no answer within 10 s")

    with pytest.raises(AnswerError, match="TimeoutError: no answer within 10 s") as caught:
        Answer(Late()).call("f", np.arange(2))
    assert caught.value.question == "f([0, 1])"


BARE = """
import sys, types
class NoArmod:
    def find_spec(self, name, *_):
        assert not name.startswith("armod"), f"{name} is not here"
sys.meta_path.insert(0, NoArmod())
for name, path in zip(sys.argv[1::2], sys.argv[2::2]):
    sys.modules[name] = module = types.ModuleType(name)
    exec(compile(open(path).read(), path, "exec"), module.__dict__)
respond = sys.modules["armod.course.exercises.engine.responder"].Responder({"double": lambda x: 2 * x}).respond
for line in sys.stdin:
    print(respond(line), flush=True)
"""


def test_the_learners_side_runs_in_a_process_without_armod() -> None:
    files = [part for module in (codec, responder) for part in (module.__name__, str(Path(module.__file__)))]
    process = subprocess.Popen(
        [sys.executable, "-c", BARE, *files], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )

    class Piped:
        def request(self, text: str) -> str:
            assert process.stdin and process.stdout
            print(text, file=process.stdin, flush=True)
            return process.stdout.readline()

    with process:
        answer = Answer(Piped())
        assert torch.equal(answer.call("double", torch.ones(2)), torch.full((2,), 2.0))
        with pytest.raises(NotAnswered):
            answer.call("triple", 1)
        assert process.stdin
        process.stdin.close()
    assert process.returncode == 0


def test_questions_hold_nothing_but_the_question() -> None:
    asked: list[Any] = []

    class Spy:
        def request(self, text: str) -> str:
            asked.append(json.loads(text))
            return '{"tuple": ["watched", 1, [], []]}'

    Answer(Spy(), student=77).call("f", 1)
    assert asked == [
        {
            "dict": [
                ["of", "names"],
                ["name", "f"],
                ["call", True],
                ["args", {"tuple": [1]}],
                ["kwargs", {"dict": []}],
                ["watch", True],
            ]
        }
    ]
