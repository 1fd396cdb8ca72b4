"""Students that ship: weights by recipes, receipts that hold, and `armod train`."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from click.testing import CliRunner

from armod.course.commands.main import main
from armod.distillation import (
    STUDENTS,
    LinearPrediction,
    distance_to_spectrum,
    kl,
    load_student,
    recipes,
    student_receipt,
    utterance_context,
)
from armod.models.saving import read_tensors
from armod.pretrained import weights_path
from tests.makers import seeded

SHIPPED = Path(recipes.__file__).parent / "shipped"
TINY = """
[student]
channels = 4
dilations = [1]
[teacher]
name = "vowel"
[distill]
steps = 2
length = 50
"""


def test_every_student_has_a_recipe_and_all_are_small() -> None:
    assert STUDENTS == ("student-vowel", "student-whisper")
    assert {path.stem for path in SHIPPED.glob("*.toml")} == set(STUDENTS)
    assert sum(path.stat().st_size for path in SHIPPED.iterdir()) < 200_000


def test_the_receipt_of_the_vowel_holds() -> None:
    student, receipt = load_student("student-vowel"), student_receipt("student-vowel")
    vowel = LinearPrediction.vowel()
    found, error = kl(student, vowel, num_samples=10, length=4000, generator=seeded(5))
    assert found == pytest.approx(receipt.kl, abs=6 * error) and found < 0.02
    assert receipt.num_parameters == sum(each.numel() for each in student.parameters()) < 14_000
    sound = student.sample(5, 8000, generator=seeded())
    assert distance_to_spectrum(sound, vowel.spectrum()) < 2
    assert distance_to_spectrum(torch.randn(5, 8000, generator=seeded()), vowel.spectrum()) > 10


def test_the_weights_of_one_pass_fit_a_small_package() -> None:
    """Half precision holds them exactly: they were rounded before their receipt was made."""
    pretrained = [weights_path(name) for name in ("multi-scale-digits28", "subscale-digits28")]
    paths = [*(SHIPPED / f"{name}.safetensors" for name in STUDENTS), *pretrained]
    for path in paths:
        tensors, _ = read_tensors(path)
        assert {each.dtype for each in tensors.values()} <= {torch.float16, torch.int64}
    assert sum(path.stat().st_size for path in paths) < 300_000
    assert all(each.dtype == torch.float32 for each in load_student("student-vowel").parameters())


def test_the_receipt_of_the_sentence_holds_where_it_was_never_told() -> None:
    student, receipt = load_student("student-whisper"), student_receipt("student-whisper")
    context = utterance_context(receipt.held_out)[0]
    found, error = kl(student, LinearPrediction(), context, num_samples=2, generator=seeded(5))
    assert receipt.held_out == "0930" and receipt.kl < 0.05 and found < 0.05
    assert found == pytest.approx(receipt.kl, abs=max(8 * error, 0.01))


def test_armod_train_distils(tmp_path: Path) -> None:
    (tmp_path / "tiny.toml").write_text(TINY)
    done = CliRunner().invoke(
        main, ["train", str(tmp_path / "tiny.toml"), "--out", str(tmp_path / "w.safetensors")]
    )
    assert done.exit_code == 0, done.output
    assert "2 steps in" in done.output and "KL " in done.output
    assert (tmp_path / "w.safetensors").exists()


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (TINY.replace('"vowel"', '"sheep"'), "there is no teacher 'sheep'"),
        (TINY.replace("channels = 4", "channels = 0"), "channels must be 1 or more"),
        (TINY.replace("[distill]", "[fit]"), "missing 'distill'"),
        (TINY.replace("steps = 2", "steps = -1"), "steps must be 0 or more"),
    ],
)
def test_wrong_recipes_are_one_sentence(tmp_path: Path, text: str, sentence: str) -> None:
    (tmp_path / "bad.toml").write_text(text)
    done = CliRunner().invoke(main, ["train", str(tmp_path / "bad.toml")])
    assert done.exit_code == 2 and sentence in done.output and "Traceback" not in done.output


def test_an_unknown_student_is_one_sentence() -> None:
    with pytest.raises(ValueError, match=r"^There is no student 'student-cow': choose one of student-vowel"):
        load_student("student-cow")
