'''Exercises and their checks, written once: the same function helps the learner and marks the class.

How to write an exercise
------------------------
Two files: the exercise here, in a module of its own in the folder ``lesson_LESSON`` (its name is free; nothing else lists
it), and its solution in ``notebooks/solutions/LESSON.py``. ``armod sync`` derives ``notebooks/exercises/LESSON`` from both.

1. Declare it. ``number`` is its place in the lesson, ``names`` are what the learner must define; three hints, from a nudge
   to nearly the way::

    doubling = Exercise(
        name="coins-doubling",                  # unique in the course; what armod.check("...") takes
        number=1,
        title="Twice as many",
        difficulty="easy",                      # easy, medium, hard or stretch
        minutes=5,
        names=("double",),
        hints=("What is 2 + 2?", "Add the number to itself.", "Return `n + n`."),
    )

2. Write the right answer as a function with the learner's name and arguments, and ask for it. ``wrong`` holds for each
   mistake that learners make the sentence that it deserves and a function that makes it; where the right function has
   an option that makes the mistake, ``dict(option=value)`` is enough; a tuple of functions shares a sentence::

    def double(n: int) -> int:
        return 2 * n

    asked_double = doubling.asks(
        double,
        "doubles every number",                 # the title of the check
        points=2,
        instances=lambda generator: [(int(generator.integers(3, 9)),), (int(generator.integers(3, 9)),)],
        wrong={
            "That is the square. What is the double?": lambda n: n * n,
            "That is the number itself.": lambda n: n,
        },
        otherwise="Take so many coins and lay the same number beside them.",
    )

   - ``instances`` draws the arguments of some calls from a numpy Generator, whose numbers are the same each time for one
     learner. It is called again until all mistakes differ on them, from the right answer and from each other (on the
     instances together: one alone may be an edge). If they never do, `ExerciseError` names two that stay the same:
     draw other instances, or let both say one sentence. What several exercises draw stands in `engine.draws`.
   - A sentence is said only if its mistake is the only one that fits all replies. If none does, or more than one,
     ``otherwise`` is said: a text, or a function of the first wrong reply, the right result and the arguments.
   - A message says what was seen on which small instance and where to look next; never the solution. The first half is
     "`double(3)` gave 9." by itself; ``seen=lambda got, right, n: ...`` says it better where arguments are large, and
     ``called=lambda n: ...`` names the call. Code stands between `backquotes`.
   - A *value* that the learner finds is a function, too: of what is their own. The given cell draws that from the
     parameter ``student``, and ``own=own_network`` (instead of ``instances``) draws the same from ``answer.student``.
   - A reply is read as what the right result is: a whole number, a number, a tensor of that shape, a list of such.
     `Asked` lists the other options: tolerances, ``finite``, ``ask``, ``read``.
   - `asks` returns the question. ``exercise.add("at the edges", asked.on(edges))`` is another check of it on other
     instances, which need not tell mistakes apart; ``exercise.add("title", asked.examine)`` places its own check later.

3. Check by hand what no comparison can: a property, a class, an error. A check gets an `Answer` and the Generator, asks
   questions and raises `Mistake` at the first thing to mend; to return is to pass::

    @doubling.check("of any two numbers the larger has the larger double")
    def is_monotonic(answer, generator):
        n = int(generator.integers(3, 9))
        low, high = asked_double.reply(answer, n), asked_double.reply(answer, n + 1)
        if high <= low:
            raise Mistake(f"`double({n + 1})` is no more than `double({n})`. {asked_double.why(answer, generator)}")

   - ``asked.reply(answer, *arguments)`` asks and reads; ``asked.why(answer, generator)`` names the known mistake.
   - Ask by hand with ``answer.call("name", arguments...)`` and ``answer.value("name")``. Only plain data passes: None,
     bool, int, float, str, list, tuple, dict, arrays, tensors. Anything else - a layer, a model - comes back as a `Handle`:
     pass it back as an argument, or use ``handle(...)``, ``handle.call("log_prob", x)``, ``handle.value("ordering")``.
     ``answer.make("MADE", (4,), [8], likelihood=answer.make("likelihoods.Bernoulli"), seed=3)`` builds an object of
     armod on the learner's side; build the same one here, and compare. Read such replies through `reading`.
   - A formula as an answer (sympy's or a text) is read by `symbolic.formula` and compared by `symbolic.agree` and
     `symbolic.is_same`: by what it means, never by its text, and without running it.
   - Never catch what ``answer`` raises: an error in the learner's code, or no answer yet, is reported for you.

4. Solve it, in ``notebooks/solutions/LESSON.py``: three cells, each with its tag, given cells anywhere between them::

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

5. Prove it: ``pytest tests/course/exercises -k coins-doubling`` puts every wrong function in the place of the learner's
   and expects exactly its sentence. At least three mistakes, real published bugs if possible; every check must fail for
   one. What no function of the same arguments can be - a class, a state, an error, published code, a property that
   fails - is a `Mutant` in ``tests/course/exercises/mutants/lesson_LESSON.py``, with words of its message::

    Mutant("coins-doubling", "a text", says="is a str", source="def double(n): return str(n)")

``armod sync LESSON solutions/LESSON exercises/LESSON`` builds, ``python -m tests.course.exercises.mutants`` prints all
wrong answers with their messages. Another package has such folders, too, in a package that its entry point names::

    [project.entry-points."armod.exercises"]
    coins = "coins_course"                      # lesson_9_1_coins/ lies in it
'''

from armod.course.exercises.engine import reading
from armod.course.exercises.engine.answer import Answer, AnswerError, Handle, NotAnswered
from armod.course.exercises.engine.asked import Asked, ExerciseError
from armod.course.exercises.engine.exercise import (
    Check,
    Exercise,
    Mistake,
    exercises_of,
    find,
)
from armod.course.exercises.engine.judge import judge
from armod.course.exercises.engine.result import CheckResult, Result, Status
from armod.course.exercises.engine.selfcheck import check
from armod.course.exercises.engine.showing import shown

__all__ = [
    "Answer",
    "AnswerError",
    "Asked",
    "Check",
    "CheckResult",
    "Exercise",
    "ExerciseError",
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
