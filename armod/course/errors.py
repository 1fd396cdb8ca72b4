"""`CourseError`: the one exception that the command line turns into one sentence and an exit code."""


class CourseError(Exception):
    """Something that the user can mend, said in one clear sentence: what was wrong, where, and what to do.

    Args:
        sentence: what the user reads.
        exit_code: that of the command: 2 when the call itself was wrong, 1 when the work found a failure.
    """

    def __init__(self, sentence: str, *, exit_code: int = 2) -> None:
        super().__init__(sentence)
        self.exit_code = exit_code
