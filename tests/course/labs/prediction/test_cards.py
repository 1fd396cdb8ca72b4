"""Cards as made in Python: what is refused, what shows without scripts, what as text."""

import json
import re

import pytest
import torch
from bs4 import BeautifulSoup, Tag
from matplotlib.figure import Figure

from armod.course.labs import Widget, choices, curve, number, predict, predictions
from armod.course.labs.prediction import card
from armod.figures.growth import growth_curves

PASSES = number(53, unit="passes", low=1, high=784, log=True)
FACTORS = {"the factors": (True, False), "their product": (False, True), "both": (True, True)}


@pytest.fixture(autouse=True)
def nothing_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(card, "_asked", {})


def visible(widget: Widget) -> BeautifulSoup:
    """What a reader sees before any fold is opened and without scripts."""
    page = BeautifulSoup(widget.html, "html.parser")
    for hidden in page.select("script, style, details > :not(summary)"):
        hidden.decompose()
    return page


def fold(widget: Widget) -> Tag:
    found = BeautifulSoup(widget.html, "html.parser").details
    assert isinstance(found, Tag) and not found.has_attr("open")
    return found


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: choices("ab", answer="a"), "a list or a mapping"),
        (lambda: choices(["a"], answer="a"), "at least two"),
        (lambda: choices(["a", " "], answer="a"), "at least two"),
        (lambda: choices(["a", "b"], answer="c"), "0 are"),
        (lambda: choices({"a": 1, "b": 1}, answer=1), "2 are"),
        (lambda: number(float("inf"), low=0, high=1), "finite"),
        (lambda: number(1, low=0, high=float("nan")), "finite"),
        (lambda: number(1, low=1, high=1), "low < high"),
        (lambda: number(0, low=1, high=9, log=True), "positive"),
        (lambda: curve([1, 2], [1], low=0, high=1, x_label="x", y_label="y"), "as many x as y; got 2 and 1"),
        (lambda: curve([1], [1], low=0, high=1, x_label="x", y_label="y"), "2 to 24 points"),
        (lambda: curve([1, 2], [1, 2], low=0, high=1, x_label="x", y_label="y", given=2), "2 are given"),
        (lambda: curve([1, 2], [0, 2], low=1, high=3, x_label="x", y_label="y", log=True), "positive"),
        (lambda: predict(" ", PASSES), "needs a question"),
        (lambda: predict("How many?", 53), r"choices\(\.\.\.\), number\(\.\.\.\) or curve\(\.\.\.\); got int"),
        (lambda: predict("How many?", PASSES, reveal=Figure()), "needs a description"),
    ],
)  # fmt: skip
def test_bad_calls_are_one_sentence(call, message):
    with pytest.raises(ValueError, match=message):
        call()


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (PASSES, "53"),
        (number(torch.tensor(1.4913), unit="nats", low=0, high=4), "1.49 nats"),
        (number(1, unit="passes", low=0, high=4), "It is 1."),
        (number(900, low=0, high=100), "900"),
        (choices(FACTORS, answer=(True, False)), "It is the factors."),
        (curve([8, 16], torch.tensor([71.0, 257.0]), low=0, high=300, x_label="D", y_label="work"), "257"),
    ],
)
def test_the_answer_lies_in_the_fold_and_nowhere_a_reader_sees(answer, told):
    widget = predict("What comes out?", answer)
    assert told in fold(widget).get_text()
    assert told not in visible(widget).get_text()
    assert told not in str(widget)
    assert fold(widget).summary.get_text() == "Show me"


def test_the_text_is_the_question_and_what_is_due():
    asked = str(predict("Which of x<sub>1</sub> and `y` **changes**?", choices(FACTORS, answer=(True, True))))
    assert asked == ("A prediction: Which of x1 and y changes? Choose one: the factors; their product; both.")


def test_everything_that_is_revealed_lies_in_the_fold():
    picture = growth_curves([8, 16], {"loop": [64.0, 256.0]}, title="Growth", y_label="work", most=1e3)
    text = """
        Two lines
        of one paragraph.

        Another < **bold**.

        ```
        as  it <is>
        ```
    """
    reveal = [picture, text, Widget("<b>a lab</b>", "A lab."), {"a receipt": 3}]
    widget = predict("How does it grow?", PASSES, reveal=reveal)
    inside = fold(widget)
    assert inside.img["alt"] == picture.description
    assert [p.decode_contents() for p in inside.select(".reveal p")] == [
        "Two lines of one paragraph.",
        "Another &lt; <strong>bold</strong>.",
    ]
    assert [pre.get_text() for pre in inside.select("pre")] == ["as  it <is>", "{'a receipt': 3}"]
    assert inside.find("b").get_text() == "a lab"
    assert not visible(widget).img


def test_the_same_card_is_the_same_page_and_keeps_its_key_when_the_answer_moves():
    one, again = (predict("How many?", PASSES) for _ in range(2))
    moved = predict("How many?", number(54, unit="passes", low=1, high=784, log=True))
    other = predict("How many more?", PASSES)
    assert one.html == again.html != moved.html
    keys = [re.search(r'"key":"(\w+)"', each.html)[1] for each in (one, moved, other)]
    assert keys[0] == keys[1] != keys[2]


def test_nothing_of_a_text_becomes_code():
    widget = predict(
        "<script>1</script>?", choices(["</script>", "<i>b</i>"], answer="<i>b</i>"), reveal="<i>"
    )
    assert widget.html.count("<script") == widget.html.count("</script>") == 1
    assert "<i>" not in widget.html


def test_the_look_back_knows_each_question_once_in_its_order():
    assert "run the cells" in visible(predictions()).get_text()
    predict("First?", PASSES)
    predict("Second?", choices(FACTORS, answer=(True, False)))
    predict("First?", number(54, low=1, high=784))
    widget = predictions()
    assert str(widget) == "How well you predicted: 2 questions of this lesson."
    assert [row.get_text() for row in visible(widget).select("li")] == ["First?", "Second?"]
    (rows,) = re.findall(r'awaken\("[^"]+", (\{.*\}), mount\)', widget.html)
    assert [row["answer"] for row in json.loads(rows)["rows"]] == [54, "the factors"]
    assert "54" not in visible(widget).get_text()
