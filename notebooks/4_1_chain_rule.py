# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 4.1 The chain rule: one variable at a time
#
# **How can a model that only ever predicts the next pixel be a model of all pixels together?**
#
# After this lesson you can
# - take a joint table apart into conditionals, in any ordering, and put it together again exactly
# - draw from a joint distribution one variable at a time, and say why that has to be a loop
# - tell a product of conditionals that is a distribution from one that is not
# - give each conditional a network, prove that the whole is a distribution, and state its likelihood on real digits
# - count what the loop and the networks cost, and see why weights must be shared
#
# **Minutes** 45 · **Needs** probability tables · **Teaches** chain rule; ancestral sampling; exact likelihood

# %% [markdown]
# The cell below holds the lesson's two parameters. `seed` changes every random choice; `quick` shortens the training.

# %% tags=["parameters"]
seed = 0
quick = False

# %%
import itertools
import math
from collections import Counter
from dataclasses import replace
from fractions import Fraction
from functools import partial
from timeit import repeat

import torch
from IPython.display import display
from torch import nn
from torch.distributions import Bernoulli

import armod
from armod.figures.bars import likelihood_bars
from armod.figures.curves import curves
from armod.figures.growth import growth_curves
from armod.figures.images import image_grid
from armod.figures.patterns import pattern_bars
from armod.course.labs import choices, curve, number, predict, predictions
from armod.course.labs import lesson_quiz
from armod.course.labs import ordering_explorer

torch.manual_seed(seed)
torch.set_num_threads(1)  # small matrices: a second thread costs more than it saves
bernoulli = armod.likelihoods.Bernoulli()


def seeded():
    return torch.Generator().manual_seed(seed)


def learning_curves(model, unit):  # nats after each epoch
    history, scale = model.history, math.log(2) * model.num_variables
    lines = {"train": history.train_bits_per_dim, "valid": history.valid_bits_per_dim}
    lines = {split: [bits * scale for bits in line] for split, line in lines.items()}
    title = f"{min(lines['valid']):.2f} {unit} on validation data after {history.best_epoch + 1} epochs"
    return curves(range(1, len(history) + 1), lines, title=title, xlabel="epoch", ylabel=unit)


# %% [markdown]
# ## 1. Four real pixels
#
# We begin with so little that we can write everything down: four neighbouring pixels in the middle of a handwritten
# digit. The digits have 8x8 pixels, each made black (1) or white (0) by a threshold. Here are ten of the 1,444 digits
# to learn from. The four pixels are black and white, the rest is grey.

# %%
digits = armod.data.load("digits8").binarize()
pixels = digits.train[:, 0, 3, 2:6].long()

shown = 1 + digits.train[:10, 0].long()
shown[:, 3, 2:6] = 4 * pixels[:10]
image_grid(shown[None], 5, title="Four neighbouring pixels, in ten digits")

# %% [markdown]
# Some digits fill all four pixels, some leave a hole in the middle, some touch only one. We count how often each of the
# $2^4 = 16$ patterns occurs. The share of each pattern is its probability in a **joint table**. We keep the shares as
# exact fractions, so that later "equal" can mean equal, and not "equal up to rounding".
#
# We also print, for each of the four pixels, how often it is black.

# %%
counts = Counter(map(tuple, pixels.tolist()))
patterns = list(itertools.product([0, 1], repeat=4))
joint = {x: Fraction(counts[x], len(pixels)) for x in patterns}
assert sum(joint.values()) == 1

black = pixels.double().mean(0)
print("share of black:", *(f"{share:.0%}" for share in black))

# %% [markdown]
# If the four pixels knew nothing about each other, these four shares would give the probability of every pattern.

# %%
every = torch.tensor(patterns)
alone = Bernoulli(probs=black).log_prob(every.double()).sum(1).exp()
chance = dict(zip(patterns, (len(pixels) * alone).tolist(), strict=True))
counted = torch.tensor([float(joint[x]) for x in patterns]).view(2, 2, 2, 2)
series = {"counted": counted, "if pixels were independent": alone.view(2, 2, 2, 2)}
alternating = (0, 1, 0, 1)
predict(
    f"Four pixels that knew nothing about each other would show white-black-white-black in {chance[alternating]:.0f} "
    f"of the {len(pixels):,} digits. In how many does it really occur?",
    number(counts[alternating], unit="digits", low=0, high=200),
    reveal=pattern_bars(series, title=f"White-black-white-black occurs {counts[alternating]} times"),
)

# %% [markdown]
# <details><summary>What happened</summary>
#
# Five times instead of 54. Each row of the figure is one pattern, the most frequent first; the blue bar is its share,
# the orange one what independent pixels would give. All black and a black middle, one stroke each, are more frequent than
# chance would make them. Two black ends with a hole between them, two strokes, are more than twice as frequent. The two
# alternating patterns are five and eleven times rarer than by chance. Strokes are a few pixels wide, and they do not flicker.
#
# </details>
#
# So a model of digits has to be a model of the *joint*. A network, however, is good at something smaller: it looks at
# some inputs and predicts one thing. The chain rule turns the one into the other.

# %% [markdown]
# ## 2. The table, taken apart
#
# Cover all pixels and uncover them one after another, from left to right. At each step ask a small question: given what
# I see so far, how probable is it that the next pixel is black? The answer is a **conditional** probability, a ratio of
# two entries of coarser tables:
#
# $$p(x_d \mid x_1, \dots, x_{d-1}) = \frac{p(x_1, \dots, x_{d-1}, x_d)}{p(x_1, \dots, x_{d-1})}.$$
#
# Multiply the four answers. Each numerator is the next denominator, so everything in between cancels, and the joint
# is left. This is the **chain rule** of probability (the text counts pixels from 1, the code from 0):
#
# $$p(x_1, \dots, x_D) = \prod_{d=1}^{D} p(x_d \mid x_1, \dots, x_{d-1}).$$


# %%
def probability(known):
    """How probable is it that these pixels have these values, whatever the others are?"""
    return sum(p for x, p in joint.items() if all(x[d] == value for d, value in known.items()))


def factors(x, ordering):
    """The conditional probability of each pixel's value, given the pixels before it in the ordering."""
    known, found = {}, []
    for d in ordering:
        past = probability(known)
        known[d] = x[d]
        found.append(probability(known) / past)
    return found


x = (0, 1, 1, 0)
print(" · ".join(map(str, factors(x, [0, 1, 2, 3]))), "=", math.prod(factors(x, [0, 1, 2, 3])))
assert math.prod(factors(x, [0, 1, 2, 3])) == joint[x] == Fraction(179, 1444)

# %% [markdown]
# The product of these four fractions is 179/1444: the share of white-black-black-white in the table, exactly. We assumed
# nothing about pixels on the way. The chain rule is neither a model nor an approximation. It is the definition of
# conditional probability, used four times.
#
# A model that gives such conditionals, each variable predicted from earlier variables of the same observation, is
# called **autoregressive**.
#
# **Your turn.** How probable is it that the third pixel is black, if the first and the fourth are white? Nothing is said of
# the second. Replace the dots by a ratio of two calls of `probability`, and run the cell again: it counts the digits.

# %%
black_third = ...

among = pixels[(pixels[:, 0] == 0) & (pixels[:, 3] == 0), 2].tolist()
due = Fraction(sum(among), len(among))
if black_third is ...:
    print("not answered yet")
else:
    verdict = "right" if abs(black_third - due) < 1e-9 else "not yet"
    print(f"{verdict}: you say {float(black_third):.3f} of the {len(among)} digits that have white ends")

# %% [markdown]
# ## 3. Any ordering will do
#
# We went from left to right, but the cancelling did not need that. There are $4! = 24$ orderings of four pixels.

# %%
found = {ordering: factors(x, ordering) for ordering in itertools.permutations(range(4))}
lines = [
    f"{[d + 1 for d in ordering]}  {' '.join(f'{float(p):.3f}' for p in f)}  product {math.prod(f)}"
    for ordering, f in found.items()
]
do_factors_change = len({tuple(sorted(f)) for f in found.values()}) > 1
does_product_change = len({math.prod(f) for f in found.values()}) > 1
predict(
    "We start with the third pixel instead of the first. What changes for the pattern white-black-black-white?",
    choices(
        {
            "the factors": (True, False),
            "their product": (False, True),
            "both": (True, True),
            "nothing": (False, False),
        },
        answer=(do_factors_change, does_product_change),
    ),
    reveal="\n".join(["```", *lines[::5], "```"]),
)

# %% [markdown]
# <details><summary>What happened</summary>
#
# The factors change, the product does not. The questions differ: "Is pixel 3 black?" has one answer when asked first and
# another when its neighbours are known. An ordering is a choice of which questions to ask. The chain rule says that every
# choice is complete.
#
# </details>
#
# One pattern and five orderings prove nothing. The next cell is a proof by exhaustion: it tries all 24 orderings and all 16
# patterns, and asks for exact equality. `armod.Histogram` is the library's table, and gives the same joint in every ordering.

# %%
for ordering in itertools.permutations(range(4)):
    assert all(math.prod(factors(x, ordering)) == joint[x] for x in patterns)
    histogram = armod.Histogram((4,), 2, ordering=ordering).fit(pixels)
    assert torch.allclose(histogram.log_prob(every).exp().float(), counted.flatten())

# %% [markdown]
# ### Break it: ask about everything at once
#
# More context should give better predictions. So why not predict each pixel from *all three* others, and multiply?


# %%
def given_all_others(x):
    return math.prod(joint[x] / probability({j: x[j] for j in range(4) if j != d}) for d in range(4))


mass = sum(given_all_others(x) for x in patterns)
predict(
    "What do the 16 products add up to?",
    number(mass, low=0, high=4),
)

# %% [markdown]
# <details><summary>What happened</summary>
#
# They add up to 1.49, not to 1. Every single conditional is right, and yet their product is not a distribution. It counts
# twice what two pixels share: pixel 1 is predicted from pixel 2, and pixel 2 from pixel 1. In an ordering, only the later one looks back.
# Whenever you see a product of conditionals, ask for its ordering. If there is none, it is not a likelihood.
# (Lesson 4.5.1 meets this mistake again, in an autoencoder.)
#
# </details>

# %% [markdown]
# ## 4. The ordering explorer
#
# Here is the same table of 1,444 digits. Each step draws one pixel with a *uniform number*, one that may lie anywhere
# between 0 and 1: the explorer lays the probabilities of white and black end to end as a bar of length 1, and the part
# in which the number falls is the pixel's value. *Uniform numbers* chooses another four of them.
#
# Set *Pixels known* to 0, then press *Step* and make a pattern pixel by pixel.
#
# 1. Tick *Bet before each step*, and say before each pixel how likely a 1 is. A bet $b$ on the value that comes costs
#    $-\log b$ nats. Who pays less, you or the counts? Untick it.
# 2. Complete a pattern and tick *Keep this pattern*. Move *Ordering*. What changes, and what does not?
# 3. Untick it, and move *Ordering* again. The uniform numbers stay. Does the pattern?
# 4. Drag a uniform number along its bar. When does its pixel turn, and what happens to the bars below it?
# 5. Tick *Given all others*: these are the products whose sum surprised you above.

# %% tags=["nbval-ignore-output"]
ordering_explorer(pixels, ordering=[2, 0, 3, 1])

# %% [markdown]
# Each of the four wide bars is one conditional; the uniform number under it falls into one of its two parts, and so
# decides the pixel. Each of the 24 coloured lines is an ordering, cut into the four factors of one and the same pattern.
# A piece is as long as $-\log$ of its factor: how surprising that pixel was. The cuts wander, and all 24 lines end at
# the same place. The length of a whole line is $-\log p$ of the pattern.
#
# With *Keep* off, another ordering spends the same uniform numbers on other questions, and usually draws another
# pattern. The *distribution* of patterns stays the same, as the next section measures.

# %% [markdown]
# ## 5. Sampling is a loop
#
# What you did by hand is called **ancestral sampling**. Draw the first variable, put it into the second conditional,
# draw the second, and so on. The uniform number $u$ turns a conditional into a value: 0 if
# $u < p(x_d = 0 \mid \dots)$, else 1.


# %%
def draw(uniform, ordering):
    known = {}
    for d, u in zip(ordering, uniform, strict=True):
        white = probability(known | {d: 0}) / probability(known)
        known[d] = int(u >= white)
    return [known[d] for d in range(4)]


noise = torch.rand(300, 4, dtype=torch.float64, generator=seeded())
print("five patterns:", *(draw(uniform, [2, 0, 3, 1]) for uniform in noise[:5].tolist()))

# %% [markdown]
# `sample` of the library spends the same uniform numbers in the same way: from the same generator it draws the same 300
# patterns, one by one. Are they draws from the joint? With many samples, the frequency of each pattern must come close
# to its entry in the table, whatever the ordering.

# %%
for ordering in ([0, 1, 2, 3], [2, 0, 3, 1]):
    histogram = armod.Histogram((4,), 2, ordering=ordering).fit(pixels)
    mine = torch.tensor([draw(uniform, ordering) for uniform in noise.tolist()])
    drawn = histogram.sample(50_000, generator=seeded())
    frequency = torch.tensor([(drawn == x).all(1).double().mean() for x in every]).view(2, 2, 2, 2)
    gap = (frequency - counted).abs().max().item()
    print(f"ordering {ordering}: frequencies and table differ by {gap:.3f} at most")
    assert histogram.sample(300, generator=seeded()).equal(mine) and gap < 0.01

# %% [markdown]
# Both orderings sample the same distribution.
#
# Why a loop? The bars of the explorer that read "waits for" show it. The second conditional is a question *about* the
# first value; before that value is drawn there is nothing to ask. Scoring is different: when we score a pattern that is
# already there, we know all values, and can ask all questions at once. Keep this difference in mind. It runs through the whole
# module: **likelihood in parallel, sampling in sequence**.

# %% [markdown]
# ## 6. A network for each conditional
#
# What has the chain rule saved us? The joint table has 16 entries that add up to 1, so 15 free numbers. The conditional of
# the first pixel is 1 number, that of the second 2, one for each value of the first, then 4, then 8. That makes 15.
#
# So it has saved nothing at all. The last conditional of $D$ pixels still has $2^{D-1}$ cases. For a whole digit of 64 pixels
# that is more than nine quintillion, and 1,444 digits cannot fill them.
#
# But a conditional can be *learned*: it has inputs, and one output between 0 and 1. So we put a small network in the
# place of each table. Network $d$ looks at the pixels before $d$ through one hidden layer. (A leading 1, for "nothing
# known yet", gives the first network something to look at.) What comes out of it is a *logit*, any number at all; the
# sigmoid $1 / (1 + e^{-\text{logit}})$ makes a probability of it. Lesson 4.3 says why.


# %%
class NetworkEach(armod.AutoregressiveModel):
    likelihood = bernoulli

    def __init__(self, num_variables, hidden=16, ordering=None):
        super().__init__()
        self.event_shape = torch.Size([num_variables])
        self.ordering = torch.arange(num_variables) if ordering is None else ordering
        self.networks = nn.ModuleList(
            nn.Sequential(nn.Linear(1 + d, hidden, bias=False), nn.ReLU(), nn.Linear(hidden, 1))
            for d in range(num_variables)
        )

    def conditionals(self, x, context=None):
        past = torch.cat([torch.ones(len(x), 1), x[:, self.ordering].float()], dim=1)
        logits = [network(past[:, : 1 + d]) for d, network in enumerate(self.networks)]
        return Bernoulli(logits=torch.cat(logits, dim=1)[:, self.ordering.argsort()])


# %% [markdown]
# A subclass of `armod.AutoregressiveModel` has to say what its conditionals are, and inherits the rest. The inherited
# `log_prob` is the logarithm of the chain rule, a sum of $D$ terms.
#
# **Your turn.** Write it yourself, in one line. `untrained.conditionals(x)` holds all conditionals, and
# `.log_prob(x.float())` of it gives a number for each of five rows and eight pixels.

# %%
untrained = NetworkEach(8, ordering=armod.orderings.random((8,), seed=seed))
x = torch.randint(2, (5, 8))
mine = ...

due = untrained.log_prob(x)
is_right = mine is not ... and mine.shape == due.shape and torch.allclose(mine, due)
print(
    "not answered yet" if mine is ... else "right" if is_right else "not yet: one number for each row is due"
)

# %% [markdown]
# The library's check finds no conditional that sees its own pixel or a later one.

# %%
assert armod.check_autoregressive(untrained).is_autoregressive
predict(
    "These networks have random weights and have learned nothing. What do the probabilities of all 256 patterns of "
    "eight pixels add up to?",
    number(armod.total_probability(untrained), low=0, high=4),
)

# %% [markdown]
# <details><summary>What happened</summary>
#
# 1, before any training. Sum over the last pixel first: its conditional adds up to 1 and disappears. Then the last but
# one does the same, down to the first. That works for any weights, so training can make the model better or worse, and
# never improper. This is what **exact likelihood** means: the number that comes out of `log_prob` is the log-probability
# itself. It is not a bound, and no normalising constant is missing from it.
#
# </details>

# %% [markdown]
# ## 7. How good is it?
#
# We train on the eight pixels of the fourth row of each digit, and ask how probable the model finds the rows of 176
# digits that it has never seen. The mean of $-\log p$ over them is the held-out **negative log-likelihood**, in *nats*,
# the unit of natural logarithms. Lower is better. Beside it we put what we can get without a network:
#
# - *fair coins*: $8 \ln 2 = 5.55$ nats;
# - *independent pixels*: one number for each pixel;
# - *the table*: all $2^8$ patterns, counted. This is the exact joint of the training rows.

# %%
splits = ("train", "valid", "test")
rows = replace(digits, name=f"row 4 of {digits.name}", **{s: getattr(digits, s)[:, 0, 3] for s in splits})

table = armod.Histogram((8,), 2).fit(rows.train)
unseen = int(table.log_prob(rows.test).isinf().sum())
cost = armod.evaluate(table, rows).nats
predict(
    "The table knows its training rows perfectly. How many nats does it need for a new one, on average?",
    choices(
        {"less than fair coins": 0, "about as many as fair coins": 1, "more than ten times as many": 2},
        answer=0 if cost < 5 else 1 if cost < 55 else 2,
    ),
    reveal=f"{unseen} of {len(rows.test)} test rows never occurred in training: {cost} nats",
)

# %% [markdown]
# <details><summary>What happened</summary>
#
# It needs infinitely many. One of the 176 rows never occurred in training, the table calls it impossible, and the logarithm of 0 is
# $-\infty$. One impossible event that happens costs everything. First aid: spread one imaginary digit evenly over all
# patterns, so that nothing has probability 0. Lesson 4.2 looks at this *smoothing* in earnest.
#
# </details>


# %%
def learn(data, epochs, start=seed, **options):
    torch.manual_seed(start)
    model = NetworkEach(*data.event_shape, **options)
    model.history = armod.fit(model, data, epochs=epochs, learning_rate=1e-2, seed=start)
    return model


def independent_nats(data):
    # one number for each pixel, its share of black, with half a digit added to black and to white
    share = (data.train.sum(0) + 0.5) / (len(data.train) + 1)
    return -Bernoulli(probs=share).log_prob(data.test.float()).sum(1).mean().item()


# First aid for the table: one imaginary digit, spread evenly over all patterns
smoothed = armod.Histogram((8,), 2, smoothing=1 / 256).fit(rows.train)
networks = learn(rows, epochs=10 if quick else 25)
print(receipt := armod.evaluate(networks, rows, seed=seed))
nats = {"fair coins": 8 * math.log(2), "independent pixels": independent_nats(rows)}
nats |= {"smoothed table": armod.evaluate(smoothed, rows).nats, "a network each": receipt.nats}
display(likelihood_bars(nats, unit="nats per row"))
learning_curves(networks, "nats per row")

# %% [markdown]
# The printed lines are a **receipt**: the number with its standard error, its unit, the data, the split, the ordering
# (*raster* is from left to right) and the seed. Without them nobody could check it.
#
# The second figure is the **learning curve**: an *epoch* is one pass through the training rows (*train*), and the *valid* line
# is measured on rows that the networks do not learn from.
#
# Independent pixels need 3.42 nats for a row, networks about 3.14, the smoothed table 3.16. The last two differ by less
# than their standard error. On eight pixels the table still keeps up: only 45 of the 256 patterns occur at all, and
# 1,444 digits are enough to fill them. The networks even have more numbers to learn than the table, 712 against 255.
#
# ### Do all orderings agree now?
#
# The *table* gave one joint in all orderings. Now a second set of networks learns the same rows from right to left. As a
# control, a third set goes from left to right again, but starts from other random weights.

# %%
reverse = learn(rows, epochs=10 if quick else 25, ordering=armod.orderings.reversed((8,)))
control = learn(rows, epochs=10 if quick else 25, start=seed + 1)
with torch.no_grad():
    scores = [model.log_prob(rows.test) for model in (networks, reverse, control)]
means = [-score.mean().item() for score in scores]
apart, by_chance = ((scores[0] - each).abs().max().item() for each in scores[1:])
predict(
    "Do the two sets of networks end at the same joint?",
    choices(
        {
            "yes, at the same joint": (True, True),
            "no, but their likelihoods are nearly the same": (True, False),
            "no, and one has a clearly better likelihood": (False, False),
        },
        answer=(abs(means[0] - means[1]) < 0.06, apart < 0.1),
    ),
    reveal=f"Left to right {means[0]:.2f} nats, right to left {means[1]:.2f}; on one row they are {apart:.1f} apart. "
    f"The control has {means[2]:.2f} nats; on one row it is {by_chance:.1f} apart from the first set.",
)

# %% [markdown]
# <details><summary>What happened</summary>
#
# They have nearly the same likelihood, but not the same joint. Each is an exact distribution. But the second set of networks
# was never asked to agree with the first, and on some rows it does not.
#
# Is it the ordering that parts them? The control has the ordering of the first set, and is nearly as far from it. Every
# training ends at a joint of its own. "Any ordering, the same joint" holds for a joint that is *given*. Lesson 4.5.1 measures
# how much the choice of an ordering can matter to a model.
#
# </details>

# %% [markdown]
# ## 8. Sixty-four pixels
#
# Now the whole digit: 64 pixels, row by row, 64 networks. A table would need $2^{64}$ entries.

# %%
whole = replace(digits, name=f"{digits.name}, flat", **{s: getattr(digits, s).flatten(1) for s in splits})
counted_digits = set(map(tuple, whole.train.tolist()))
seen = sum(tuple(digit) in counted_digits for digit in whole.test.tolist())
predict(
    f"How many of the {len(whole.test)} test digits occur, pixel for pixel, among the {len(whole.train):,} digits to learn from?",
    number(seen, unit="digits", low=0, high=len(whole.test)),
)

# %% [markdown]
# <details><summary>What happened</summary>
#
# Five do: small digits in black and white coincide now and then. For a table the other 171 are impossible. Counting whole
# digits ends here.
#
# </details>
#
# Networks give every digit a finite, exact likelihood. How good is it? The rival is a table that *forgets*: it predicts each
# pixel from the last few pixels alone, so that the same past comes again and again. (Such a table is
# an **n-gram**; lesson 4.2 builds it.)

# %%
painter = learn(whole, epochs=4 if quick else 10, hidden=32)
digit_receipt = armod.evaluate(painter, whole, seed=seed)
print(digit_receipt)
tables = [armod.NGram((64,), n, num_levels=2).fit(whole.train) for n in (9, 11, 13, 15)]
forgetful = max(tables, key=lambda each: each.log_prob(whole.valid).mean())
digit_nats = {"fair coins": 64 * math.log(2), "independent pixels": independent_nats(whole)}
digit_nats |= {"counted n-gram": armod.evaluate(forgetful, whole).nats, "a network each": digit_receipt.nats}
display(likelihood_bars(digit_nats, unit="nats per digit"))
learning_curves(painter, "nats per digit")

# %% [markdown]
# The networks need about 17.2 nats for a digit. Independent pixels need 25.3, the forgetful table 22.3, and fair coins 44.4.
# A table can only answer a question that it has seen before, so it has to forget until it has. A network can answer questions
# that it was never asked. This is what **generalising** means here. Lesson 4.2 measures it.
#
# And the networks can draw. The loop is section 5's, with a network where the table was.


# %%
def one_by_one(model, uniform, *_):
    """Ancestral sampling: network d sees the d values drawn so far."""
    past = torch.ones(len(uniform), 1)
    for network, u in zip(model.networks, uniform.T, strict=True):
        black = network(past).sigmoid()
        past = torch.cat([past, (u[:, None] >= 1 - black).float()], dim=1)
    return past[:, 1:].long()[:, model.ordering.argsort()]


drawn = painter.sample(10, generator=seeded(), method=one_by_one)
assert drawn.equal(painter.sample(10, generator=seeded(), method="naive"))
pictures = torch.stack([whole.test[:10].long(), drawn]).view(2, 10, 8, 8)
image_grid(pictures, title="Ten test digits, and ten drawn pixel by pixel", row_labels=["real", "drawn"])

# %% [markdown]
# The library's textbook loop, `method="naive"`, draws the same ten pictures. Strokes have about the right width and bend
# as strokes do. Some pictures would pass for a digit, others would not. Remember how they came about: one pixel after
# the other, from 64 networks that know nothing about each other.

# %% [markdown]
# ## 9. What it costs
#
# Let us count how often a network is evaluated. A batch counts as one evaluation, because it goes through the network
# together. We count for three tasks: the likelihood of all 176 test digits, our loop for one digit, and the textbook loop,
# which asks for *all* conditionals at each step and uses one.


# %%
def evaluations(model, run):  # how often `run` evaluates one of the networks
    calls = []
    for network in model.networks:
        network.register_forward_hook(lambda *_: calls.append(1))
    run()
    return len(calls)


counts_of, seconds = {}, {}
for D in (8, 16, 32, 64):
    model = NetworkEach(D)
    seconds[D] = min(repeat(partial(model.sample, 1, method=one_by_one), number=1))
    counts_of[D] = {
        "likelihood": evaluations(model, partial(model.log_prob, torch.zeros(176, D))),
        "our loop": evaluations(model, partial(model.sample, 1, method=one_by_one)),
        "textbook loop": evaluations(model, partial(model.sample, 1, method="naive")),
    }
predict(
    "How often does the textbook loop evaluate a network for one digit of D pixels?",
    curve(
        counts_of,
        [count["textbook loop"] for count in counts_of.values()],
        low=1,
        high=100_000,
        log=True,
        given=1,
        x_label="D",
        y_label="evaluations",
    ),
    reveal="```\nD    likelihood  our loop  textbook loop  our loop in ms\n"
    + "\n".join(
        f"{D:<3} {c['likelihood']:11} {c['our loop']:9} {c['textbook loop']:14} {1000 * seconds[D]:15.1f}"
        for D, c in counts_of.items()
    )
    + "\n```",
)

# %% [markdown]
# <details><summary>What happened</summary>
#
# $D^2$ times, and it throws nearly all of its work away. The likelihood takes $D$ evaluations, however many digits there are, and
# so does our loop.
#
# These two counts are equal, but they are not the same kind of $D$. The evaluations of the likelihood do not wait
# for each other: all pixels are known, so a machine with enough hands does them at once. The evaluations of the loop
# stand in a queue, each waiting for the value that the one before it draws. The milliseconds grow with $D$, and
# more hands do not shorten the queue. For a picture of 28x28 pixels it has 784 places, for a second of sound 16,000.
# **Slow sequential generation** is the price of this loop; lesson 4.7 is about ways to pay less.
#
# </details>
#
# There is a second price, in parameters. A network with $H$ hidden units that sees $d$ pixels has $(1 + d)H + H + 1$.

# %%
sizes = [4, 8, 16, 32, 64, 128, 256, 512]


def num_parameters(model):
    return sum(parameter.numel() for parameter in model.parameters())


costs = {
    "table": [2.0**D - 1 for D in sizes],
    "a network each": [num_parameters(NetworkEach(D)) for D in sizes],
    "one masked network": [num_parameters(armod.MADE((D,), [16], likelihood=bernoulli)) for D in sizes],
    "one recurrent cell": [
        num_parameters(armod.RecurrentModel((D,), 16, cell="gru", likelihood=bernoulli)) for D in sizes
    ],
}
growth = costs["a network each"][-1] / costs["a network each"][-2]
predict(
    "We give each pixel its own network. For twice as many pixels, how many times as many numbers must be learned?",
    choices({"as many": 1, "twice": 2, "four times": 4, "the square of it": sizes[-2]}, answer=round(growth)),
    reveal=growth_curves(sizes, costs, title="Numbers to learn", y_label="numbers to learn", most=1e7),
)

# %% [markdown]
# <details><summary>What happened</summary>
#
# Four times as many, once $D$ is large: about $HD^2/2$ in all. The table leaves the picture before $D = 32$, the networks
# grow with the square, and two curves below them grow slowly or not at all. They belong to models that you will build:
#
# - A recurrent network uses one cell again at every step (lesson 4.4). Its curve is flat: the number of parameters
#   does not depend on $D$.
# - A **masked** network computes all conditionals in one pass through shared hidden units (lesson 4.5). It grows with $D$.
#
# For a digit of 28x28 pixels, networks of 500 hidden units each would need 154 million numbers, one masked network 0.8
# million. Our 64 networks learn what a stroke is 64 times. Lesson 4.5.1 asks whether sharing improves the likelihood, too.
#
# </details>

# %% [markdown]
# ## Summary
#
# - The chain rule writes any joint as a product of conditionals, exactly, and in any ordering.
# - Such a product adds up to 1 whatever the conditionals are. Without an ordering it need not.
# - So the likelihood is exact, and all its terms can be computed at once. Sampling is a loop of $D$ steps.
# - Tables for the conditionals save nothing. Networks also answer for patterns that were never counted.
# - With a network for each conditional the number of parameters grows as $D^2$. The next lessons share them.

# %% tags=["nbval-ignore-output"]
display(predictions())
lesson_quiz("4_1_chain_rule")

# %% [markdown]
# ## Exercises
#
# [Your own copy of the exercises](my_exercises/4_1_chain_rule.ipynb) opens in JupyterLab; each answer is checked as soon
# as you run it.
#
# ## Further reading
#
# - I. Goodfellow, Y. Bengio, A. Courville, *Deep Learning*: section 3.6, the chain rule of conditional probabilities;
#   section 16.3, ancestral sampling; sections 20.10.7 to 20.10.9, auto-regressive networks, linear and neural.
# - C. Bishop, *Pattern Recognition and Machine Learning*, section 8.1.2: ancestral sampling in directed graphs.
# - Y. Bengio, S. Bengio, *Modeling High-Dimensional Discrete Data with Multi-Layer Neural Networks*, NIPS 1999: networks
#   for the conditionals, with shared hidden units, for the same reason as in section 9 here.
#
# ---
#
# [The course map](index.ipynb) · [4.2 Histograms: counting, and where it stops →](4_2_histograms.ipynb)
