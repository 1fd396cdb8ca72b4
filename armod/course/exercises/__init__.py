'''Exercises and their checks, written once: the same function helps the learner and marks the class.

How to write an exercise
------------------------
Three files: the checks here in ``lesson_LESSON.py`` (a long one may import its exercises from modules of their own),
the solved exercise in ``notebooks/solutions/LESSON.py``, wrong answers in ``tests/exercises/mutants/lesson_LESSON.py``.
``armod sync`` derives ``notebooks/exercises/LESSON`` from them.

1. Declare it. ``names`` are what the learner must define; three hints, from a nudge to nearly the way::

    doubling = Exercise(
        name="coins-doubling",                  # unique in the course; what armod.check("...") takes
        lesson="4_3_coins",
        title="Twice as many",
        difficulty="easy",                      # easy, medium, hard or stretch
        minutes=5,
        names=("double",),
        hints=("What is 2 + 2?", "Add the number to itself.", "Return `n + n`."),
    )

2. Check it. A check gets an `Answer` and a numpy Generator, whose numbers are the same each time for one learner
   (``answer.student``). It asks questions and raises `Mistake` at the first thing to mend; to return is to pass::

    @doubling.check("doubles every number", points=2)
    def doubles(answer, generator):
        n = int(generator.integers(2, 9))
        got = reading.number(answer.call("double", n), "double(n)")
        if got == n * n:
            raise Mistake(f"double({n}) gave {shown(got)}: that is the square. What is the double of {n}?")
        if got != 2 * n:
            raise Mistake(f"double({n}) gave {shown(got)}. Take {n} coins and lay the same number beside them.")

   - Ask with ``answer.call("name", arguments...)`` and ``answer.value("name")``. Only plain data passes: None, bool,
     int, float, str, list, tuple, dict, arrays, tensors. Anything else - a layer, a model - comes back as a `Handle`:
     pass it back as an argument, or use ``handle(...)``, ``handle.call("log_prob", x)``, ``handle.value("ordering")``.
     ``answer.make("MADE", (4,), [8], likelihood=answer.make("likelihoods.Bernoulli"), seed=3)`` builds an object of
     armod on the learner's side; build the same one here, and compare.
   - Read every reply through `reading` (``tensor``, ``number``, ``integer``): it refuses wrong shapes, NaN, handles, in
     words. Compare with what *you* computed, from values that you made; better still, check a property.
   - A formula as an answer (sympy's or a text) is read by `symbolic.formula` and compared by `symbolic.agree` and
     `symbolic.is_same`: by what it means, never by its text, and without running it.
   - A message says what was seen on which small instance and where to look next; never the solution. One message for
     each known mistake, the commonest first. Code between `backquotes`.
   - Never catch what ``answer`` raises: an error in the learner's code, or no answer yet, is reported for you.
   - Numbers of the learner's own: the given cell draws them from the parameter ``student``, as in
     ``armod.orderings.random((6,), seed=student)``, and the check draws the same from ``answer.student``.

3. Solve it, in ``notebooks/solutions/LESSON.py``: three cells, each with its tag, given cells anywhere between them::

    # %% [markdown] tags=["statement:coins-doubling"]
    # ## 1. Twice as many
    # Write `double(n)` ...                     (difficulty, minutes, points and hints are added in the exercise)

    # %% tags=["answer:coins-doubling"]
    def double(n):
        """The double of n."""
        ### BEGIN SOLUTION
        return n + n
        ### END SOLUTION

    # %% tags=["check:coins-doubling"]
    armod.check("coins-doubling")

   In the exercise a marked region becomes ``...``; one at the left margin becomes ``NAME = ...`` for each of the
   exercise's names that it assigns. Untouched, every check must say *not answered yet*.

4. Break it: at least three wrong answers, real published bugs if possible, each with words of the message that it must
   get; every check must fail for one of them::

    Mutant("coins-doubling", "the square", says="that is the square", source="def double(n): return n * n")

``armod sync LESSON solutions/LESSON exercises/LESSON`` builds, ``python -m tests.course.exercises.mutants`` prints the
mutant table, ``pytest tests/exercises`` proves that the solution passes and that every mutant is told why it fails.
'''

from armod.course.exercises.engine import reading
from armod.course.exercises.engine.answer import Answer, AnswerError, Handle, NotAnswered
from armod.course.exercises.engine.exercise import Check, Exercise, Mistake, exercises_of, find
from armod.course.exercises.engine.judge import judge
from armod.course.exercises.engine.result import CheckResult, Result, Status
from armod.course.exercises.engine.selfcheck import check
from armod.course.exercises.engine.showing import shown

__all__ = [
    "Answer",
    "AnswerError",
    "Check",
    "CheckResult",
    "Exercise",
    "Handle",
    "Mistake",
    "NotAnswered",
    "Result",
    "Status",
    "check",
    "exercises_of",
    "find",
    "judge",
    "reading",
    "shown",
]
