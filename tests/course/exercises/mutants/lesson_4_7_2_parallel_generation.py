"""Wrong answers to the exercises of lesson 4.7.2."""

from tests.course.exercises.mutants import Mutant


def _from_right(exercise: str, name: str, arguments: str, title: str, says: str, value: str) -> Mutant:
    """``value`` is made of the right function's result, which is called ``right``."""
    source = f"""
_right_{name} = {name}
def {name}({arguments}):
    right = _right_{name}({arguments})
    return {value}
"""
    return Mutant(exercise, title, says=says, source=source)


MUTANTS = [
    _from_right(
        "parallel-waiting", "earliest_pass", "needs, ordering", "one number", "a list of", "max(right)"
    ),
    _from_right(
        "parallel-waiting",
        "earliest_pass",
        "needs, ordering",
        "fails where nobody waits",
        "gave [2, 2, 2, 2]",
        "right if needs.any() else [each + 1 for each in right]",
    ),
    _from_right(
        "parallel-groups", "groups", "height, width", "a list of the passes", "shape", "right.flatten()"
    ),
    _from_right(
        "parallel-groups",
        "groups",
        "height, width",
        "numbers start anew in a large image",
        "28",
        "(right - 1) % 12 + 1",
    ),
    _from_right("parallel-flow", "flow", "z, weight, bias", "the sound alone", "item 0", "right[0]"),
    _from_right(
        "parallel-flow",
        "flow",
        "z, weight, bias",
        "a density per step",
        "log-density",
        "(right[0], right[1] / z.shape[1])",
    ),
    _from_right(
        "parallel-entropy",
        "kl_estimate",
        "log_student, log_teacher",
        "without its error",
        "a list of 2",
        "right[0]",
    ),
    _from_right(
        "parallel-products",
        "lost_nats",
        "p",
        "NaN where a probability is 0",
        "NaN",
        "right if (p > 0).all() else float((p * (p / independent(p)).log()).sum())",
    ),
]


def _train(title: str, says: str, loss: str, *, lines: str = "optimizer.zero_grad()") -> Mutant:
    source = f"""
def train(student, teacher, num_steps):
    optimizer = torch.optim.Adam(student.parameters(), lr=0.02)
    for _ in range(num_steps):
        x, log_student = student.rsample_and_log_prob(8, 50)
        loss = ({loss}).mean() / 50
        {lines}
        loss.backward()
        optimizer.step()
    return student
"""
    return Mutant("parallel-student", title, says=says, source=source)


MUTANTS += [
    _train("without the entropy", "favourite sound", "-teacher.log_prob(x)"),
    _train(
        "the teacher's opinion without a gradient",
        "makes noise",
        "log_student - teacher.log_prob(x.detach())",
    ),
    _train("the wrong sign", "collapsed", "-log_student - teacher.log_prob(x)"),
    Mutant(
        "parallel-student",
        "another student is trained",
        says="have not changed",
        source="_right = train\ndef train(student, teacher, num_steps):\n    import copy\n"
        "    return _right(copy.deepcopy(student), teacher, num_steps)",
    ),
]

MUTANTS += [
    Mutant(
        "parallel-products",
        "normalises the caller's table",
        says="has changed its argument `p`",
        source="""
_right = lost_nats
def lost_nats(p):
    right = _right(p)
    p += 1e-12
    return right
""",
    ),
    Mutant(
        "parallel-waiting",
        "crosses out in the caller's table",
        says="has changed its argument `needs`",
        source="""
_right = earliest_pass
def earliest_pass(needs, ordering):
    passes = _right(needs, ordering)
    needs &= False
    return passes
""",
    ),
    Mutant(
        "parallel-flow",
        "noise of its own",
        says="Asked twice",
        source="""
_right = flow
def flow(z, weight, bias):
    return _right(torch.rand_like(z).logit(), weight, bias)
""",
    ),
]
