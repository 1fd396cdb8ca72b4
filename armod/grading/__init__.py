"""Grading that can't be forged, stopped or lost: the student's code answers questions, it never sees the examiner.

One file a step, each handing plain data to the next::

    read -> rebuild -> run -> judge -> record -> export

- `armod.grading.papers`: every submission in the folder of a class, and whose it is.
- `armod.grading.read`: the bytes of a file become a `Submission`, or a `Refusal` with a named reason.
- `armod.grading.rebuild`: the released notebook with the student's answers in it; nothing else of the file is trusted.
- `armod.grading.run`: the rebuilt notebook runs in a sandbox, and answers questions there.
- `armod.grading.judge`: the checks ask them, out here.
- `armod.grading.record`: one file a submission, whole or not there.
- `armod.grading.export`: what instructors hand in.

`armod.grading.grade` takes a whole class through them, in several processes; its state lies in files alone.
"""


class GradingError(Exception):
    """Something that the instructor can mend; one clear sentence, as `armod.course.errors.CourseError`.

    ``exit_code`` is that of the command: 2 when the call itself was wrong, 1 when the work found a failure.
    """

    def __init__(self, sentence: str, *, exit_code: int = 2) -> None:
        super().__init__(sentence)
        self.exit_code = exit_code
