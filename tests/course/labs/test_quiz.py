import html
import math
import re
import tomllib
from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from playwright.sync_api import Page, expect

import armod.course.labs
from armod.course.labs import Question, lesson_quiz, quiz
from armod.course.labs.markup import plain

PASSES = Question(
    "How many passes does `log_prob` take for x<sub>1</sub> to x<sub>784</sub>?",
    ["784", "one", "two"],
    "one",
    "The masks make each output a conditional of its own.",
    {"784": "That is what <em>naive</em> sampling takes."},
)
MASS = Question(
    "Is a < b & c?", ["It is 'so'", "<b>never</b>"], "<b>never</b>", "No `<script>` comes through."
)


def with_changes(**changes: object) -> dict[str, object]:
    return {"prompt": "Which?", "choices": ["a", "b", "c"], "answer": "a", "why": "So.", **changes}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"answer": "d"}, "no right choice"),
        ({"choices": ["a", "b", "a"]}, "the choice 'a' more than once"),
        ({"choices": ["a"]}, "at least two choices"),
        ({"choices": "abc"}, "at least two choices"),
        ({"choices": ["a", " "]}, "empty text"),
        ({"why": ""}, "empty text"),
        ({"why_not": {"b": ""}}, "empty text"),
        ({"why_not": {"a": "Because."}}, "'a', which is not one of its wrong choices"),
        ({"why_not": {"z": "Because."}}, "'z', which is not one of its wrong choices"),
    ],
)
def test_bad_questions_are_refused_in_a_sentence_that_names_them(changes, message):
    with pytest.raises(ValueError, match=message) as refusal:
        Question(**with_changes(**changes))
    assert "'Which?'" in str(refusal.value)


@pytest.mark.parametrize("questions", [[], [PASSES, PASSES]])
def test_a_quiz_needs_questions_and_each_once(questions):
    with pytest.raises(ValueError, match="each question once"):
        quiz(questions)


def test_the_same_questions_give_the_same_page_and_others_another_id():
    one, again, other = (quiz(questions).html for questions in ([PASSES], [PASSES], [MASS]))
    identity = re.compile(r'data-armod="([^"]+)"')
    assert one == again
    assert identity.findall(one) != identity.findall(other)


def test_as_text_it_is_the_questions_without_their_answers():
    assert str(quiz([PASSES, MASS], title="Try `it`")) == (
        "Try it, a quiz of 2 questions. 1. How many passes does log_prob take for x1 to x784? 2. Is a < b & c?"
    )


def test_only_the_allowed_marks_become_elements():
    page = quiz([PASSES, MASS], title="<script>alert(1)</script>").html
    assert page.count("<script") == page.count("</script>") == 1
    assert "<b>" not in page
    assert html.escape("<b>never</b>") in page
    assert "<code>log_prob</code>" in page
    assert "x<sub>784</sub>" in page
    assert "<code>&lt;script&gt;</code>" in page


def test_nothing_is_fetched():
    assert not re.search(r"https?:|src=|@import|url\(", quiz([PASSES]).html)


@pytest.fixture
def quiz_page(page: Page, tmp_path: Path) -> Page:
    output = quiz([PASSES, MASS], title="Try it").html
    file = tmp_path / "quiz.html"
    # Twice, as where JupyterLab shows an output in a second view.
    file.write_text(f'<!doctype html><meta charset="utf-8"><main>{output}</main><aside>{output}</aside>')
    page.goto(file.as_uri())
    return page


@pytest.mark.browser
def test_a_wrong_choice_is_explained_and_the_answer_is_offered(quiz_page):
    question = quiz_page.locator("main fieldset").first
    expect(question.get_by_role("status")).to_be_hidden()
    expect(question.locator("summary")).to_be_hidden()
    question.get_by_label("784").check()
    expect(question.locator(".feedback")).to_have_text("Not this one. That is what naive sampling takes.")
    question.locator("summary").click()
    expect(question.locator("details")).to_contain_text(
        "The masks make each output a conditional of its own."
    )
    expect(quiz_page.locator("main .score")).to_have_text("0 of 2 right")


@pytest.mark.browser
def test_a_wrong_choice_without_an_explanation_still_gets_a_sentence(quiz_page):
    question = quiz_page.locator("main fieldset").first
    question.get_by_label("two").check()
    expect(question.locator(".feedback")).to_have_text("Not this one. Think again, or look at the answer.")


@pytest.mark.browser
def test_the_right_choice_is_explained_and_counted(quiz_page):
    question = quiz_page.locator("main fieldset").first
    question.get_by_label("784").check()
    question.locator("summary").click()
    question.get_by_label("one").check()
    expect(question.locator(".feedback")).to_have_text(
        "Right. The masks make each output a conditional of its own."
    )
    expect(question.locator("details")).to_be_hidden()
    expect(quiz_page.locator("main .score")).to_have_text("1 of 2 right")


@pytest.mark.browser
def test_two_views_of_a_quiz_are_answered_apart(quiz_page):
    quiz_page.locator("main").get_by_label("one").check()
    quiz_page.locator("aside").get_by_label("784").check()
    expect(quiz_page.locator("main").get_by_label("one")).to_be_checked()
    expect(quiz_page.locator("main .score")).to_have_text("1 of 2 right")
    expect(quiz_page.locator("aside .score")).to_have_text("0 of 2 right")


@pytest.mark.browser
def test_the_keyboard_is_enough(quiz_page):
    quiz_page.keyboard.press("Tab")
    quiz_page.keyboard.press("Space")
    quiz_page.keyboard.press("ArrowDown")
    expect(quiz_page.locator("main .score")).to_have_text("1 of 2 right")
    quiz_page.keyboard.press("Tab")
    quiz_page.keyboard.press("ArrowDown")
    quiz_page.keyboard.press("ArrowUp")
    expect(quiz_page.locator("main fieldset").nth(1).locator(".feedback")).to_contain_text("Not this one.")
    quiz_page.keyboard.press("Tab")
    quiz_page.keyboard.press("Enter")
    expect(quiz_page.locator("main fieldset").nth(1).locator("details")).to_have_attribute("open", "")


@pytest.mark.browser
def test_a_screen_reader_is_told_what_belongs_together(quiz_page):
    expect(quiz_page.locator("main")).to_match_aria_snapshot("""
      - 'group "Try it: a quiz"':
        - paragraph: Try it
        - status: 2 questions
        - 'group /1 How many passes does log_prob take/':
          - radio "784"
          - radio "one"
          - radio "two"
        - 'group /2 Is a < b & c/':
          - radio "It is 'so'"
          - radio "<b>never</b>"
    """)


@pytest.mark.browser
def test_without_scripts_the_answers_unfold(browser, tmp_path):
    file = tmp_path / "quiz.html"
    file.write_text(f'<!doctype html><meta charset="utf-8">{quiz([PASSES]).html}')
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(file.as_uri())
    reason = page.get_by_text("The masks make each output a conditional of its own.")
    expect(reason).to_be_hidden()
    page.get_by_text("Show the answer").click()
    expect(reason).to_be_visible()
    expect(page.get_by_text("Right: one")).to_be_visible()
    context.close()


every_lesson = pytest.mark.parametrize(
    "path",
    sorted((Path(armod.course.labs.__file__).parent / "quizzes").glob("*.toml")),
    ids=lambda path: path.stem,
)


@every_lesson
def test_the_right_choices_of_a_lesson_are_shuffled_the_same_way_each_time(path: Path) -> None:
    page = lesson_quiz(path.stem).html
    assert page == lesson_quiz(path.stem).html
    places = [int(place) for place in re.findall(r'data-right="(\d+)"', page)]
    most = max(places.count(place) for place in places)
    assert most <= math.ceil(len(places) / 2), f"the right choices are at {places}"
    # a shuffled question is the same question
    for question in tomllib.loads(path.read_text(encoding="utf-8"))["question"]:
        (fieldset,) = (
            each
            for each in BeautifulSoup(page, "html.parser").find_all("fieldset")
            if each.legend.get_text().endswith(plain(question["prompt"]))
        )
        labels = [label.get_text().strip() for label in fieldset.find_all("label")]
        assert sorted(labels) == sorted(map(plain, question["choices"]))
        right = fieldset.find(attrs={"data-right": True})
        assert labels[int(right["data-right"])] == plain(question["answer"]) == right.strong.get_text()
        # "both" speaks of the choices above it: shuffled, there may be none
        assert not {"both", "neither", "none of these"} & {label.lower() for label in labels}


@every_lesson
def test_every_lesson_quiz_is_whole(path: Path) -> None:
    widget = lesson_quiz(path.stem)
    questions = tomllib.loads(path.read_text(encoding="utf-8"))["question"]
    assert 3 <= len(questions) <= 5
    assert f"a quiz of {len(questions)} questions" in widget.text
    # each wrong choice deserves its own reason
    assert all(set(q["why_not"]) == set(q["choices"]) - {q["answer"]} for q in questions)


def test_a_lesson_without_a_quiz_is_one_sentence() -> None:
    with pytest.raises(ValueError, match="has no quiz"):
        lesson_quiz("9_9_nothing")
