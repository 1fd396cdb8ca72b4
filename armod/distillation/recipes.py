"""Students that ship with the package, and the recipes that made them.

A recipe is TOML with three tables::

    [student]                   # arguments of FlowStudent, by their names
    channels = 16
    dilations = [1, 2, 4]
    context_size = 11

    [teacher]
    name = "whisper"            # of sentences, whose filters are the context; or "vowel", which needs nothing else
    utterances = ["0870"]       # of the data set "speech", to learn from
    held_out = "0930"           # the one whose KL goes into the receipt

    [distill]                   # arguments of distill, by their names
    seconds = 60
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import safetensors.torch
import torch
from torch import Tensor

from armod.distillation.distilling import History, distill, kl
from armod.distillation.flow import FlowStudent
from armod.distillation.linear_prediction import LinearPrediction, utterance_context
from armod.files import write_whole
from armod.models.saving import in_half, read_tensors, round_to_half
from armod.settings import shown

_SHIPPED = Path(__file__).parent / "shipped"
STUDENTS = tuple(sorted(path.stem for path in _SHIPPED.glob("*.safetensors")))
_NUM_SAMPLES, _LENGTH = 10, 8000  # of a receipt's estimate; a sentence is as long as it is


@dataclass(frozen=True)
class StudentReceipt:
    """How far a shipped student is from its teacher.

    Args:
        kl: KL(student || teacher) in nats per sample.
        standard_error: of the estimate.
        held_out: the utterance that it was measured on, which the student was not told before; "" without a context.
        num_parameters: how many numbers the student has learnt.
        seconds: processor time that it learnt.

    >>> print(StudentReceipt(0.011, 0.0003, "", 12_659, 60.0))
    KL 0.0110 +- 0.0003 nats per sample, 12,659 parameters, 60 s
    """

    kl: float
    standard_error: float
    held_out: str
    num_parameters: int
    seconds: float

    def __str__(self) -> str:
        place = f" on {self.held_out}" if self.held_out else ""
        return (
            f"KL {self.kl:.4f} +- {self.standard_error:.4f} nats per sample{place}, {self.num_parameters:,} parameters, "
            f"{self.seconds:.0f} s"
        )


@dataclass(frozen=True)
class StudentRecipe:
    """A recipe as it is written in its file.

    Args:
        name: name of the recipe.
        student: the table [student].
        teacher: the table [teacher].
        distill: the table [distill].

    >>> StudentRecipe("tiny", {"channels": 4, "dilations": [1]}, {"name": "vowel"}, {"steps": 1}).build_student().receptive_field
    2
    """

    name: str
    student: Mapping[str, Any]
    teacher: Mapping[str, Any]
    distill: Mapping[str, Any]

    def build_student(self) -> FlowStudent:
        """Build the student as it is before it learns."""
        return FlowStudent(**self.student)

    def build_teacher(self) -> LinearPrediction:
        """Build the teacher.

        Returns:
            The known teacher.

        Raises:
            ValueError: if there is no teacher of this name.
        """
        name = self.teacher["name"]
        if name not in ("vowel", "whisper"):
            raise ValueError(f'there is no teacher {name!r}; choose "vowel" or "whisper"')
        return LinearPrediction.vowel() if name == "vowel" else LinearPrediction()

    def train(self, *, progress: bool = True) -> tuple[FlowStudent, History, StudentReceipt]:
        """Build the student, distil the teacher into it, and measure what is left between them.

        Args:
            progress: whether to show a progress bar.

        Returns:
            The student, the history, and the receipt.
        """
        student, teacher = self.build_student(), self.build_teacher()
        told = [utterance_context(name)[0][0] for name in self.teacher.get("utterances", [])]
        history = distill(student, teacher, told or None, progress=progress, **self.distill)
        round_to_half(student)  # so that the file is half as long
        return student, history, self.receipt(student, round(history.seconds, 1))

    def receipt(self, student: FlowStudent, seconds: float) -> StudentReceipt:
        """Measure a student.

        Args:
            student: the student.
            seconds: how long it learnt.

        Returns:
            The receipt.
        """
        held_out = self.teacher.get("held_out", "")
        context: Tensor | None = utterance_context(held_out)[0] if held_out else None
        mean, error = kl(
            student,
            self.build_teacher(),
            context,
            num_samples=_NUM_SAMPLES,
            length=None if held_out else _LENGTH,
            generator=torch.Generator().manual_seed(0),
        )
        number = sum(parameter.numel() for parameter in student.parameters())
        return StudentReceipt(round(mean, 5), round(error, 5), held_out, number, seconds)


def read_student_recipe(path: Path) -> StudentRecipe:
    """Read and check the recipe in a file.

    Args:
        path: a .toml file.

    Returns:
        The recipe, named after the file.

    Raises:
        ValueError: if the file is not TOML, lacks a table, or names something that does not exist.
    """
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
        recipe = StudentRecipe(path.stem, content["student"], content["teacher"], content["distill"])
        recipe.build_student()
        recipe.build_teacher()
    except (OSError, ValueError, KeyError, TypeError) as error:
        reason = f"missing {error}" if isinstance(error, KeyError) else str(error).rstrip(".")
        raise ValueError(f"{path} is not a recipe of a student: {reason}.") from None
    return recipe


def student_recipe_path(name: str) -> Path:
    """Return the file of the recipe of this name, or raise a ValueError if there is none."""
    path = _SHIPPED / f"{name}.toml"
    if name not in {each.stem for each in _SHIPPED.glob("*.toml")}:
        raise ValueError(f"There is no student {shown(name)}: choose one of {', '.join(STUDENTS)}.")
    return path


def write_student(path: Path, student: FlowStudent, receipt: StudentReceipt) -> None:
    """Write the weights of a student, with its receipt in the header.

    Args:
        path: the .safetensors file.
        student: the student.
        receipt: its receipt.
    """
    state = student.state_dict()
    tensors = {name: value.detach().contiguous() for name, value in {**state, **in_half(state)}.items()}
    metadata = {"receipt": json.dumps(asdict(receipt), sort_keys=True)}
    write_whole(path, safetensors.torch.save(tensors, metadata=metadata))


def load_student(name: str) -> FlowStudent:
    """Load a student with its trained weights.

    Args:
        name: one of `STUDENTS`.

    Returns:
        The student on the CPU.

    Raises:
        ValueError: if no such student ships with the package.

    >>> load_student("student-vowel").sample(1, length=80).shape
    torch.Size([1, 80])
    """
    student = read_student_recipe(student_recipe_path(name)).build_student()
    student.load_state_dict(read_tensors(_SHIPPED / f"{name}.safetensors")[0])
    return student.eval()


def student_receipt(name: str) -> StudentReceipt:
    """Read what was measured when a shipped student was made.

    Args:
        name: one of `STUDENTS`.

    Returns:
        The receipt.

    Raises:
        ValueError: if no such student ships with the package.

    >>> student_receipt("student-vowel").kl < 0.02
    True
    """
    metadata = read_tensors(student_recipe_path(name).with_suffix(".safetensors"))[1]
    return StudentReceipt(**json.loads(metadata["receipt"]))
