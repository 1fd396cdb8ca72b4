"""Wrong answers to the exercises of lesson 4.1."""

from tests.course.exercises.mutants import Mutant

MUTANTS = [
    Mutant(
        "chain-cost",
        "all entries of the table",
        says="all entries but one",
        source="""
def table_numbers(num_pixels): return 2**num_pixels
""",
    ),
    Mutant(
        "chain-cost",
        "the last conditional only",
        says="last conditional alone",
        source="""
def table_numbers(num_pixels): return 2 ** (num_pixels - 1)
""",
    ),
    Mutant(
        "chain-cost",
        "independent pixels",
        says="knew nothing of each other",
        source="""
def table_numbers(num_pixels): return num_pixels
""",
    ),
    Mutant(
        "chain-cost",
        "each network sees its own pixel",
        says="the pixel that it predicts",
        source="""
def network_numbers(num_pixels, hidden):
    return sum((d + 1) * hidden + hidden + hidden + 1 for d in range(num_pixels))
""",
    ),
    Mutant(
        "chain-cost",
        "no biases",
        says="has a bias too",
        source="""
def network_numbers(num_pixels, hidden): return sum(d * hidden + hidden for d in range(num_pixels))
""",
    ),
    Mutant(
        "chain-cost",
        "every network sees all pixels",
        says="see all pixels",
        source="""
def network_numbers(num_pixels, hidden): return num_pixels * (num_pixels * hidden + 2 * hidden + 1)
""",
    ),
    Mutant(
        "chain-cost",
        "no network for the first pixel",
        says="One network is missing",
        source="""
def network_numbers(num_pixels, hidden):
    return sum(d * hidden + 2 * hidden + 1 for d in range(1, num_pixels))
""",
    ),
    Mutant(
        "chain-cost",
        "the last size at which the table is smaller",
        says="Who needs fewer?",
        source="fewest_pixels -= 1",
    ),
    Mutant(
        "chain-cost",
        "some size at which networks are smaller",
        says="is it the smallest",
        source="fewest_pixels += 1",
    ),
    Mutant(
        "chain-cost",
        "each observation counted",
        says="A batch goes through a network together",
        source="""
def evaluations(num_pixels, batch): return [num_pixels * batch, num_pixels * batch, num_pixels**2 * batch]
""",
    ),
    Mutant(
        "chain-cost",
        "one pass gives a likelihood",
        says="How many conditionals are there",
        source="""
def evaluations(num_pixels, batch): return [1, num_pixels, num_pixels**2]
""",
    ),
    Mutant(
        "chain-cost",
        "the textbook loop asks what it needs",
        says="throws away all but one",
        source="""
def evaluations(num_pixels, batch): return [num_pixels, num_pixels, num_pixels]
""",
    ),
    Mutant(
        "chain-conditionals",
        "joint of past and present, not divided",
        says="past and present *together*",
        source="""
def conditionals(joint, ordering):
    p = joint.permute(*ordering)
    return [p.reshape(*p.shape[: k + 1], -1).sum(-1) for k in range(p.ndim)]
""",
    ),
    Mutant(
        "chain-conditionals",
        "divided by the sum over the first axis",
        says="sum over the first axis",
        source="""
def conditionals(joint, ordering):
    p = joint.permute(*ordering)
    pasts = [p.reshape(*p.shape[: k + 1], -1).sum(-1) for k in range(p.ndim)]
    return [past / past.sum(0, keepdim=True) for past in pasts]
""",
    ),
    Mutant(
        "chain-conditionals",
        "later variables set to 0",
        says="later variables are all 0",
        source="""
def conditionals(joint, ordering):
    p, tables = joint.permute(*ordering), []
    while p.ndim:
        tables.insert(0, p / p.sum(-1, keepdim=True))
        p = p[..., 0]
    return tables
""",
    ),
    Mutant(
        "chain-conditionals",
        "the past ignored",
        says="the same for every past",
        source="""
def conditionals(joint, ordering):
    p = joint.permute(*ordering)
    pasts = [p.reshape(*p.shape[: k + 1], -1).sum(-1) for k in range(p.ndim)]
    return [past.reshape(-1, past.shape[-1]).sum(0).expand_as(past) for past in pasts]
""",
    ),
    Mutant(
        "chain-conditionals",
        "the ordering ignored",
        says="whatever the ordering is",
        source="""
def conditionals(joint, ordering, right=conditionals):
    equal = len(set(joint.shape)) == 1
    return right(joint, list(range(joint.ndim)) if equal else ordering)
""",
    ),
    Mutant(
        "chain-conditionals",
        "the inverse ordering",
        says="the wrong way round",
        source="""
def conditionals(joint, ordering, right=conditionals):
    equal = len(set(joint.shape)) == 1
    return right(joint, [ordering.index(d) for d in range(joint.ndim)] if equal else ordering)
""",
    ),
    Mutant(
        "chain-conditionals",
        "the ordering ignored, where the shapes tell",
        says="in the order in which they come",
        source="""
def conditionals(joint, ordering, right=conditionals):
    return right(joint, list(range(joint.ndim)))
""",
    ),
    Mutant(
        "chain-conditionals",
        "the last table only",
        says="one table for each variable",
        source="""
def conditionals(joint, ordering, right=conditionals):
    return right(joint, ordering)[-1:] if len(ordering) > 1 else []
""",
    ),
    Mutant(
        "chain-joint",
        "axes in the order of the steps",
        says="in the order of the ordering",
        source="""
def joint_of(tables, ordering):
    product = torch.ones(())
    for table in tables:
        product = product.unsqueeze(-1) * table
    return product
""",
    ),
    Mutant(
        "chain-joint",
        "axes turned the wrong way",
        says="turned the axes the wrong way",
        source="""
def joint_of(tables, ordering):
    product = torch.ones(())
    for table in tables:
        product = product.unsqueeze(-1) * table
    return product.permute(*ordering)
""",
    ),
    Mutant(
        "chain-joint",
        "last axes meet",
        says="their *last* axes meet",
        source="""
def joint_of(tables, ordering):
    product = torch.ones(())
    for table in tables:
        product = product * table
    return product
""",
    ),
    Mutant(
        "chain-joint",
        "factors added",
        says="You add the tables",
        source="""
def joint_of(tables, ordering):
    total = torch.zeros(())
    for table in tables:
        total = total.unsqueeze(-1) + table
    return total.permute(*(ordering.index(d) for d in range(len(ordering))))
""",
    ),
    Mutant(
        "chain-joint",
        "the last factor only",
        says="other factors are missing",
        source="""
def joint_of(tables, ordering): return tables[-1].permute(*(ordering.index(d) for d in range(len(ordering))))
""",
    ),
    Mutant(
        "chain-joint",
        "a logarithm",
        says="Those are logarithms",
        source="""
def joint_of(tables, ordering, right=joint_of): return right(tables, ordering).log()
""",
    ),
    Mutant(
        "chain-sampling",
        "columns in the order of the steps",
        says="in the order of the steps: column d",
        source="""
def draw(tables, ordering, noise):
    past = []
    for k, table in enumerate(tables):
        past.append((table.cumsum(-1)[..., :-1][tuple(past)] <= noise[:, k, None]).sum(1))
    return torch.stack(past, dim=1)
""",
    ),
    Mutant(
        "chain-sampling",
        "the inverse ordering",
        says="into the wrong columns",
        source="""
def draw(tables, ordering, noise, right=draw):
    return right(tables, [ordering.index(d) for d in range(len(ordering))], noise)
""",
    ),
    Mutant(
        "chain-sampling",
        "noise by the variable's number",
        says="column k is for step k",
        source="""
def draw(tables, ordering, noise, right=draw): return right(tables, ordering, noise[:, ordering])
""",
    ),
    Mutant(
        "chain-sampling",
        "one number for all steps",
        says="one number for all steps",
        source="""
def draw(tables, ordering, noise, right=draw): return right(tables, ordering, noise[:, :1].expand_as(noise))
""",
    ),
    Mutant(
        "chain-sampling",
        "tables looked into before anything is drawn",
        says="as if all before it were 0",
        source="""
def draw(tables, ordering, noise):
    x = torch.zeros(noise.shape, dtype=torch.int64)
    for k, table in enumerate(tables):
        row = table[(0,) * k]
        x[:, ordering[k]] = (row.cumsum(0)[:-1] <= noise[:, k, None]).sum(1)
    return x
""",
    ),
    Mutant(
        "chain-sampling",
        "past by the variables' numbers",
        says="by the variables' own numbers",
        source="""
def draw(tables, ordering, noise):
    x = torch.zeros(noise.shape, dtype=torch.int64)
    for k, table in enumerate(tables):
        cdf = table.cumsum(-1)[..., :-1]
        x[:, ordering[k]] = (cdf[tuple(x[:, d] for d in range(k))] <= noise[:, k, None]).sum(1)
    return x
""",
    ),
    Mutant(
        "chain-sampling",
        "the most probable value",
        says="That is no draw",
        source="""
def draw(tables, ordering, noise):
    x = torch.zeros(noise.shape, dtype=torch.int64)
    past = []
    for k, table in enumerate(tables):
        past.append(table[tuple(past)].argmax(-1).expand(len(noise)))
        x[:, ordering[k]] = past[-1]
    return x
""",
    ),
    Mutant(
        "chain-sampling",
        "u < P(1), as for a coin",
        says="belongs to level 0",
        source="""
def draw(tables, ordering, noise):
    x = torch.zeros(noise.shape, dtype=torch.int64)
    past = []
    for k, table in enumerate(tables):
        cdf = table.flip(-1).cumsum(-1)[..., :-1]
        past.append(table.shape[-1] - 1 - (cdf[tuple(past)] <= noise[:, k, None]).sum(1))
        x[:, ordering[k]] = past[-1]
    return x
""",
    ),
    Mutant(
        "chain-sampling",
        "probabilities not cumulated",
        says="each probability by itself",
        source="""
def draw(tables, ordering, noise):
    x = torch.zeros(noise.shape, dtype=torch.int64)
    past = []
    for k, table in enumerate(tables):
        past.append((table[tuple(past)] > noise[:, k, None]).int().argmax(1))
        x[:, ordering[k]] = past[-1]
    return x
""",
    ),
    Mutant(
        "chain-sampling",
        "cumulative sum may equal u",
        says="does that exceed u?",
        source="""
def draw(tables, ordering, noise):
    x = torch.zeros(noise.shape, dtype=torch.int64)
    past = []
    for k, table in enumerate(tables):
        cdf = table.cumsum(-1)[..., :-1]
        past.append((cdf[tuple(past)] < noise[:, k, None]).sum(1))
        x[:, ordering[k]] = past[-1]
    return x
""",
    ),
    Mutant(
        "chain-sampling",
        "an impossible value where u is 0",
        says="It has probability 0",
        source="""
def draw(tables, ordering, noise):
    x = torch.zeros(noise.shape, dtype=torch.int64)
    past = []
    for k, table in enumerate(tables):
        cdf = table.cumsum(-1)[..., :-1]
        past.append(((cdf[tuple(past)] <= noise[:, k, None]) & (noise[:, k, None] > 0)).sum(1))
        x[:, ordering[k]] = past[-1]
    return x
""",
    ),
    Mutant(
        "chain-sampling",
        "always the last value, on an edge",
        says="Is there no smaller one",
        source="""
def draw(tables, ordering, noise, right=draw):
    if len(tables) > 1 or len(noise) > 4:
        return right(tables, ordering, noise)
    return torch.full(noise.shape, len(tables[0]) - 1)
""",
    ),
    Mutant(
        "chain-sampling",
        "a level beyond the last one (searchsorted)",
        says="to whom belongs what is left",
        source="""
def draw(tables, ordering, noise):
    x = torch.zeros(noise.shape, dtype=torch.int64)
    past = []
    for k, table in enumerate(tables):
        cdf = table.cumsum(-1).expand(len(noise), -1) if k == 0 else table.cumsum(-1)[tuple(past)]
        past.append(torch.searchsorted(cdf.contiguous(), noise[:, k, None].contiguous(), right=True)[:, 0])
        x[:, ordering[k]] = past[-1]
    return x
""",
    ),
]
