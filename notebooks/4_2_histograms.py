# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 4.2 Histograms: counting, and where it stops
#
# **If we only count what we have seen, how far does that carry us?**
#
# After this lesson you can
# - turn counts into a density over levels, and compare different numbers of bins on held-out data
# - build a histogram of many variables that stores filled cells only
# - measure the curse of dimensionality on real pixels: cells, filled cells, unseen test digits, memory
# - smooth a histogram, choose how much on validation data, and say what smoothing cannot do
# - explain, with evidence, why an autoregressive network predicts where a table has nothing to say
#
# **Minutes** 50 · **Needs** chain rule · **Teaches** histogram density; curse of dimensionality; smoothing

# %% [markdown]
# The cell below holds the lesson's two parameters. `seed` changes every random choice; `quick` shortens the training.

# %% tags=["parameters"]
seed = 0
quick = False

# %%
import math
from collections import Counter

import torch

import armod
from armod.data.sets.names import to_name
from armod.figures.bars import likelihood_bars
from armod.figures.curves import curves
from armod.figures.histograms import collapse_figure, density_bars, pair_figure
from armod.figures.images import image_grid
from armod.figures.numbers import counted, in_bytes
from armod.course.labs import lesson_quiz
from armod.course.labs import histogram_lab

torch.set_num_threads(1)  # small matrices: a second thread costs more than it saves

# %% [markdown]
# ## 1. One pixel
#
# The simplest density estimator needs no network and no training. It counts.
#
# Our data are real handwritten digits of 8x8 pixels, here on 16 grey levels: 0 is paper, 15 is ink. We look at twelve
# pixels from the middle of the digit, three rows of four. They are our variables $x_1, \dots, x_{12}$, in reading
# order. At first we use only $x_1$.

# %%
digits = armod.data.load("digits8").quantize(16)
train, valid, test = (x[:, 0, 2:5, 2:6].flatten(1) for x in (digits.train, digits.valid, digits.test))
assert [len(x) for x in (train, valid, test)] == [1444, 177, 176]

shown = 8 + digits.train[:10, 0].long() // 2
shown[:, 2:5, 2:6] = 2 * digits.train[:10, 0, 2:5, 2:6].long()
image_grid(shown[None], 31, title="The twelve pixels of this lesson, in ten digits")

# %% [markdown]
# The block from white to black is what we model; the rest of each digit is grey, and we never look at it. There are
# 1,444 digits to count, 177 to make choices with, 176 to test.
#
# To build a histogram, divide the 16 levels into $B$ bins of equal width and count how many training digits fall in
# each. A bin's probability is its share of the digits. If the bin holds several levels, they divide that probability
# evenly. So every histogram is a density over the same 16 levels, whatever its $B$, and their likelihoods compare.
#
# **Predict:** which of 2, 4 and 16 bins gives the test digits the highest likelihood?


# %%
def nats(model, x):
    return -model.log_prob(x).mean().item()


models = {B: armod.Histogram((1,), B, num_levels=16).fit(train[:, :1]) for B in (2, 4, 16)}
by_bins = {B: nats(model, test[:, :1]) for B, model in models.items()}
assert by_bins[16] < by_bins[4] < by_bins[2] < math.log(16) and round(by_bins[16], 2) == 2.53
named = {f"{B} bins: {by_bins[B]:.2f} nats": model for B, model in models.items()}
density_bars(named, test[:, :1], title="With 1,444 digits, more bins follow the pixel more closely")

# %% [markdown]
# The dots are the test digits' shares of each level: mostly paper or full ink. Two bins cannot say that; sixteen can.
# They need 2.53 nats for the pixel, and lower is better. A uniform distribution needs $\ln 16 = 2.77$.
#
# So are more bins always better? That depends on how many digits there are to count. We try fifteen.

# %%
generator = torch.Generator().manual_seed(seed)
few = train[torch.randperm(len(train), generator=generator)[:15], :1]
rough = armod.Histogram((1,), 16, num_levels=16).fit(few)
empty = 16 - rough.num_occupied
print(f"{empty} of 16 bins are empty; nats per test digit: {nats(rough, test[:, :1])}")
assert empty >= 1 and nats(rough, test[:, :1]) == math.inf

# %% [markdown]
# Infinitely many. Fifteen digits leave bins empty, and an empty bin has probability 0. Some test digit falls in one,
# and the logarithm of 0 is $-\infty$. A single such digit spoils the whole average.
#
# First aid is **smoothing**. Before counting, spread $A$ imaginary digits evenly over all cells:
#
# $$p(\text{cell}) = \frac{n_\text{cell} + A / \text{cells}}{N + A}.$$
#
# Now nothing is impossible. `armod.Histogram` takes the share of one cell, here $A / B$, as its `smoothing`.
# With $A = 1$ we compare numbers of bins for 15, 60 and all digits. So that chance does not
# decide, each number is a mean over 40 draws of the training digits.
#
# **Predict:** where is the lowest point of each curve?

# %%
bins = [1, 2, 4, 8, 16]


def mean_nats(B, N):
    model = armod.Histogram((1,), B, num_levels=16, smoothing=1 / B)
    draws = [torch.randperm(len(train), generator=generator)[:N] for _ in range(40)]
    return sum(nats(model.fit(train[draw, :1]), test[:, :1]) for draw in draws) / len(draws)


lines = {f"{N:,} digits": [mean_nats(B, N) for B in bins] for N in (15, 60, 1444)}
best = [bins[line.index(min(line))] for line in lines.values()]
assert best[0] <= 4 and best[2] == 16 and lines["15 digits"][-1] > math.log(16)
title = f"The best number of bins grows with the data: {best[0]}, {best[1]} and {best[2]}"
curves(bins, lines, title=title, xlabel="bins", ylabel="nats per test digit", log_x=True)

# %% [markdown]
# With few digits the curve falls and then rises. Too few bins are blind to detail. Too many have too few digits each,
# and then the counts are noise: with 15 digits, sixteen bins end up worse than no histogram at all (2.77). With all
# 1,444 digits the curve falls to the end.
#
# Remember the reason, because the rest of the lesson is about it: **each cell learns only from the digits that fall in
# it.**

# %% [markdown]
# ## 2. Two pixels
#
# For a pixel and its right neighbour, each pair of bins is a cell: $16 \cdot 16 = 256$ cells. The histogram is now a map.
# Beside it we put two histograms of one pixel each, whose probabilities are multiplied. All are smoothed with ten
# imaginary digits.
#
# **Predict:** which predicts pairs of the test digits better, the map or the product?

# %%
pair = armod.Histogram((2,), 16, smoothing=10 / 256).fit(train[:, :2])
alone = [armod.Histogram((1,), 16, smoothing=10 / 16).fit(train[:, [d]]) for d in (0, 1)]
apart, together = sum(nats(model, test[:, [d]]) for d, model in enumerate(alone)), nats(pair, test[:, :2])
print(f"two separate histograms {apart:.2f} nats, one of pairs {together:.2f} nats")
assert round(apart, 2) == 5.03 and round(together, 2) == 4.99
counts = armod.Histogram((2,), 16).fit(train[:, :2])
title = f"{counts.num_occupied} of 256 pairs occur, paper beside paper most often"
pair_figure(counts, title=title, names=("left", "right"))

# %% [markdown]
# The dark corner is paper beside paper. Along the edges lies ink beside something lighter: we look across a stroke. The
# map is no product of its margins, so the pixels depend on each other. Two separate histograms ignore that and need
# 5.03 nats for a pair. The map needs 4.99. The gain is small, because the map has begun to pay: pale pink pairs never
# occurred, and many others only once.
#
# So far counting works. And the recipe is fully general: any joint distribution of levels is a table of cells. Why not
# go on to twelve pixels?

# %% [markdown]
# ## 3. Your own histogram of many variables
#
# A table of all cells is quickly too large to write down. But most cells are empty, so keep the others only: a
# dictionary from cell to count. This is the whole model.


# %%
def cells_of(x, B):
    return [tuple(cell) for cell in (x.long() * B // 16).tolist()]


def my_log_prob(train, x, B, imaginary=0.0):
    counts, D = Counter(cells_of(train, B)), train.shape[1]
    mass = torch.tensor([counts[cell] + imaginary / B**D for cell in cells_of(x, B)]).double()
    return (mass / (len(train) + imaginary)).log() - D * math.log(16 / B)


for D, B, A in [(1, 4, 0), (3, 8, 1), (12, 2, 100), (12, 16, 0)]:
    theirs = armod.Histogram((D,), B, num_levels=16, smoothing=A / B**D).fit(train[:, :D])
    assert torch.allclose(my_log_prob(train[:, :D], test[:, :D], B, A), theirs.log_prob(test[:, :D]))

# %% [markdown]
# The last term divides a cell's probability among its levels: a cell is $16/B$ levels wide in each of $D$ directions.
# `armod.Histogram` agrees in every case; its `smoothing`, the share of one cell, is our $A / B^D$.
#
# Two proofs. First, all $16^3$ observations of three pixels have total probability 1. Second, the histogram obeys the
# chain rule: the probability of a level, given the pixels before it, is a ratio of two counts.

# %%
three = armod.Histogram((3,), 16).fit(train[:, :3])
assert abs(armod.total_probability(three) - 1) < 1e-9

begins = (train[:, :2] == train[0, :2]).all(1)
ratio = (begins & (train[:, 2] == train[0, 2])).sum() / begins.sum()
third = three.conditionals(train[:1, :3]).probs[0, 2, int(train[0, 2])]
assert torch.isclose(third, ratio.double())
print(f"p(x3 | x1, x2) of the first digit: {ratio:.3f}, a ratio of counts out of {int(begins.sum())}")

# %% [markdown]
# So a histogram is an autoregressive model too. Its conditionals are tables, one table for each possible beginning.
# Notice how few digits share the beginning of the first one, after only two pixels.

# %% [markdown]
# ## 4. The curse of dimensionality, measured
#
# $D$ variables in $B$ bins make $B^D$ cells. We have 1,444 digits. We fit a histogram for each $D$ from 1 to 12 and for
# 2, 4, 8 and 16 bins, and count: cells, filled cells, test digits that fall in an empty cell, and bytes.
#
# **Predict:** with 16 bins and four pixels, what share of the test digits falls in a cell that was filled in training?
# With twelve pixels?

# %%
tables = {
    (B, D): armod.Histogram((D,), B, num_levels=16).fit(train[:, :D])
    for B in (2, 4, 8, 16)
    for D in range(1, 13)
}
last = tables[16, 12]
print(f"16 bins, 12 pixels: {counted(last.num_cells)} cells, {last.num_occupied:,} filled")
# an entry of the table is a count of 8 bytes; a filled cell has its number and its count
print(f"all cells: {in_bytes(last.dense_bytes)}; filled ones: {in_bytes(16 * last.num_occupied)}")
title = "The cells multiply, the digits do not: with 16 bins every test digit from D = 8 on is a stranger"
picture = collapse_figure(tables, test, title=title)
unseen = dict(zip(tables, picture.table["unseen share"], strict=True))
assert unseen[16, 2] < 0.02 and all(unseen[16, D] == 1 for D in range(8, 13))
picture

# %% [markdown]
# Left, on a logarithmic axis: the dashed lines, all cells, are straight. Exponential growth looks like that. The solid
# lines, filled cells, bend and stop at 1,444, because a digit fills one cell.
#
# In the middle is the price. With 16 bins, two pixels are covered. With four pixels, 73% of the test digits fall in a
# cell that no training digit filled. From eight on it is all of them. Fewer bins delay this and do not prevent it: with
# 4 bins, 94% are strangers at twelve pixels.
#
# Right: a table of all cells for twelve pixels would take 2.3 petabytes, a list of the filled ones 23 kilobytes. So
# memory is a problem we can solve. The middle panel is the one we cannot: nobody can store what was never observed.
#
# These are twelve pixels. The full 8x8 digit at 16 levels has $16^{64} \approx 10^{77}$ cells. And eight pixels on 256
# levels, as cameras give them, already make more cells than a 64-bit number can count. `armod` says so:

# %%
assert round(unseen[16, 4], 2) == 0.73 and round(unseen[4, 12], 2) == 0.94
assert in_bytes(last.dense_bytes) == "2.3 PB" and in_bytes(16 * last.num_occupied) == "23 kB"
try:
    armod.Histogram((8,), 256)
except ValueError as error:
    print(error)

# %% [markdown]
# ## 5. See the cells
#
# All cells of any number of pixels fit in one square. The first pixel cuts it into $B$ columns, the second cuts each
# column into $B$ rows, the third cuts each of these cells into columns again. A digit stays near its place while the
# cell around it shrinks.
#
# Start with 8 bins in 2 dimensions and add dimensions one by one. Then try these:
#
# - At which dimension does the orange line leave the blue one? Does it happen later with fewer bins?
# - Set the smoothing to 0. Where does the orange line go, and why do the triangles begin where crosses begin?
# - Take 25 digits instead of 1,444. How many dimensions do the extra digits buy?

# %% tags=["nbval-ignore-output"]
histogram_lab(8, 2, 1444, 1)

# %% [markdown]
# The blue line falls and falls: on its own training digits the histogram looks better with every dimension. The orange
# line, on test digits, turns upwards as soon as crosses appear, and soon it lies above the dashed line of a uniform
# guess. Only held-out data tell the truth about a model that memorises.
#
# With 8 bins crosses begin at three dimensions, with 4 bins at four, with 2 at six. Without smoothing a single cross
# makes the average infinite: hence a triangle wherever there are crosses. And with 25 digits, 8 bins lose a test digit at
# the very first pixel: 58 times the digits have bought two dimensions.

# %% [markdown]
# ## 6. How much does smoothing heal?
#
# Without smoothing the test likelihood is infinitely bad once a single cross appears. How many imaginary digits $A$ are
# best? We take 16 bins and sweep $A$ over six powers of ten.
#
# **Predict:** does the best $A$ grow or shrink with the number of pixels? And how good is the best at twelve?

# %%
amounts = [0.1, 1, 10, 100, 1000, 1e4, 1e5]


def smoothed(B, D, A):
    return armod.Histogram((D,), B, num_levels=16, smoothing=A / B**D).fit(train[:, :D])


sweep = {f"{D} pixels": [nats(smoothed(16, D, A), test[:, :D]) / D for A in amounts] for D in (2, 4, 6, 12)}
least = [amounts[line.index(min(line))] for line in sweep.values()]
assert least[:2] == [100, 1e4] and min(sweep["12 pixels"]) > math.log(16)
title = "Smoothing helps in few dimensions; in twelve it only leads back to the uniform distribution"
labels = {"xlabel": "imaginary digits A, spread over all cells", "ylabel": "nats per pixel"}
curves(amounts, sweep, title=title, floor=("uniform", math.log(16)), log_x=True, **labels)

# %% [markdown]
# Two pixels: 100 imaginary digits are best, and the gain is real. Four pixels need 10,000, more than there are real
# ones. With twelve pixels every curve point lies above the uniform line, and the best we can do is to drown the data.
#
# That is all smoothing can do. It moves probability from filled cells to empty ones, and gives *every* empty cell the
# same. It does not know which empty cells are likely.
#
# (Textbooks often add one observation to *each* cell, after Laplace. With $16^{12}$ cells those are $2.8 \cdot 10^{14}$
# imaginary digits against 1,444 real ones.)
#
# Let us be fair to the histogram. For each $D$ we choose both $B$ and $A$ by the validation digits, and keep the winner.

# %%
choices = [(B, A) for B in (2, 4, 8, 16) for A in amounts]
chosen = {
    D: min(choices, key=lambda choice: nats(smoothed(choice[0], D, choice[1]), valid[:, :D]))
    for D in range(1, 13)
}
counting = [nats(smoothed(B, D, A), test[:, :D]) / D for D, (B, A) in chosen.items()]
print("bins of the best histogram, for 1 to 12 pixels:", [B for B, _ in chosen.values()])
assert chosen[1][0] == 16 and chosen[12][0] == 2

# %% [markdown]
# The more pixels, the coarser the best bins: from 16 down to 2. With two bins the histogram sees black and white only.
# It buys filled cells with everything it knows about grey.

# %% [markdown]
# ## 7. The same pixels, the same digits, another model
#
# Now a small autoregressive network: `armod.MADE` with one hidden layer of 64 units. Lesson 4.5.1 takes it apart. Here
# it is enough that it computes $p(x_d \mid x_1, \dots, x_{d-1})$ over the 16 levels for all twelve pixels, and that the
# chain rule multiplies these. It trains on the same 1,444 digits, and starts from what a histogram of each single pixel
# knows (`start_from_marginals`).
#
# One network serves all $D$: by the chain rule, its first $D$ conditionals are a model of the first $D$ pixels.
#
# **Predict:** at which $D$ does the network overtake the best histogram?

# %%
sixteen = armod.likelihoods.Categorical(16)
made = armod.MADE((12,), [64], likelihood=sixteen, seed=seed)
made.start_from_marginals(train)
epochs = 15 if quick else 40
armod.fit(made, train, valid=valid, epochs=epochs, learning_rate=3e-3, patience=6, seed=seed)

with torch.no_grad():
    by_pixel = -made.conditionals(test).log_prob(test).mean(0)
network = (by_pixel.cumsum(0) / torch.arange(1, 13)).tolist()
assert abs(12 * network[-1] - nats(made, test)) < 1e-3 and abs(network[0] - counting[0]) < 0.02
assert all(network[D - 1] < counting[D - 1] - 0.05 for D in range(4, 13))
assert network[-1] < counting[-1] - 0.3
lines = {"best histogram": counting, "MADE": network}
title = f"At 12 pixels MADE needs {network[-1]:.2f} nats a pixel, the best histogram {counting[-1]:.2f}"
labels = {"xlabel": "pixels D", "ylabel": "nats per test pixel"}
curves(range(1, 13), lines, title=title, floor=("uniform", math.log(16)), ylim=(2, 2.9), **labels)

# %% [markdown]
# At one pixel they are equal: there is nothing to share. At two or three they are close. Then they part. The
# histogram's line climbs back towards the uniform one, because each further pixel costs it more cells than it has
# digits. MADE's line goes down, because earlier pixels help to predict each further one.
#
# At twelve pixels the difference is more than 0.3 nats a pixel, so more than 3.6 for a whole block. On (geometric)
# average, MADE gives a test digit more than $e^{3.6} > 36$ times the probability.

# %% [markdown]
# ## 8. Why: nothing is shared
#
# Take each training digit's block and change one pixel by one grey level. To an eye it is the same block. What do the
# two models say?
#
# **Predict:** by how many nats does each model's surprise grow?

# %%
nudged, rows = train.long(), torch.arange(len(train))
place = torch.randint(12, (len(train),), generator=generator)
nudged[rows, place] += torch.where(nudged[rows, place] < 15, 1, -1)

fine = smoothed(16, 12, 100)
surprise = {
    name: [nats(model, x) for x in (train, nudged, test)]
    for name, model in {"histogram": fine, "MADE": made}.items()
}
for name, (before, after, new) in surprise.items():
    print(f"{name:9}: training digits {before:.1f} nats, nudged {after:.1f}, test digits {new:.1f}")
assert sum(weights.numel() for weights in made.parameters()) == 24832
grows = {name: after - before for name, (before, after, _) in surprise.items()}
assert grows["histogram"] > 25 and grows["MADE"] < 3
assert abs(surprise["histogram"][1] - surprise["histogram"][2]) < 0.2

# %% [markdown]
# For the histogram the nudged digits are as strange as digits it has never seen. One grey level on one pixel takes a
# block out of its cell, and the cell next door has learnt nothing from it. The surprise grows by more than 25 nats.
#
# MADE's grows by less than 3. Its 24,832 weights serve all inputs. A weight that learns something from one digit is
# used for all similar ones: that is **parameter sharing**, and it is what lets a model say something about cells that
# are empty.
#
# The chain of conditionals shows the same. For each of the twelve pixels, how well does each model predict it from
# those before?

# %%
table = smoothed(16, 12, 100).conditionals(test).log_prob(test).mean(0)
known = [1 - unseen[16, D] for D in range(1, 12)]
print("test digits whose first 1, 2, ... pixels were seen:", [f"{share:.0%}" for share in known])
lines = {"histogram, 16 bins": (-table).tolist(), "MADE": by_pixel.tolist()}
assert -table[3] > 3.5 and abs(-table[-1] - math.log(16)) < 1e-6 and max(by_pixel) < 2.7
title = "The histogram guesses wrong where beginnings are rare, and knows nothing where they are new"
labels = {"xlabel": "pixel d", "ylabel": "nats of pixel d, given those before"}
curves(range(1, 13), lines, title=title, floor=("uniform", math.log(16)), **labels)

# %% [markdown]
# The first two pixels have enough digits in each table. At the fourth, the table for a beginning holds a handful of
# digits, and the histogram trusts them: it is *worse* than uniform. From the ninth on no test digit's beginning was
# ever seen. There the table is empty, and what remains is a uniform guess of 2.77 nats. MADE predicts every pixel
# better than that.
#
# *Precision:* the module's text says that histograms do not share parameters across dimensions. Strictly, they share
# nothing at all: not across dimensions, and not across neighbouring cells of the same dimension.
#
# **Would more data help?** Look at how fast the unseen share falls as the digits grow.

# %%
amount = [50, 100, 200, 400, 800, 1444]


def unseen_share(D, N, B=16):
    model = armod.Histogram((D,), B, num_levels=16).fit(train[:N, :D])
    return model.log_prob(test[:, :D]).isinf().double().mean().item()


shares = {f"{D} pixels": [unseen_share(D, N) for N in amount] for D in (2, 3, 4, 6)}
assert shares["2 pixels"][-1] < 0.02 and shares["3 pixels"][-1] < 0.5
assert round(shares["6 pixels"][-1], 2) == 0.98
# the answers to the questions of section 5
for B, first, N in [(8, 3, 1444), (4, 4, 1444), (2, 6, 1444), (8, 1, 25)]:
    assert unseen_share(first, N, B) > 0 and (first == 1 or unseen_share(first - 1, N, B) == 0)
title = "Thirty times the data cover two pixels, and leave six as empty as they were"
labels = {"xlabel": "training digits", "ylabel": "share of test digits unseen"}
curves(amount, shares, title=title, ylim=(0, 1.02), log_x=True, **labels)

# %% [markdown]
# Each further pixel moves the curve far to the right, on a logarithmic axis. For two pixels, a thousand digits will do.
# For three, most test digits are covered at the end. For six, 98% are still unseen. Data cannot keep pace with $16^D$.

# %% [markdown]
# ## 9. Whole names
#
# One more case, without any pixels. The data set `names` holds 5,163 first names, each written as twelve of 27 symbols:
# its letters, then dots to the end. That makes $27^{12}$ cells. Let a histogram count whole names, and ask it for new
# ones.
#
# **Predict:** what names will it invent?

# %%
names = armod.data.load("names")
spelled = armod.Histogram((12,), 27).fit(names.train)
seen = {to_name(x) for x in names.train}
drawn = [to_name(x) for x in spelled.sample(200, generator=torch.Generator().manual_seed(seed))]
print(f"{counted(spelled.num_cells)} cells: {in_bytes(spelled.dense_bytes)} as a table")
print("test names with probability 0:", f"{spelled.log_prob(names.test).isinf().double().mean():.0%}")
print("drawn:", *drawn[:10])
assert spelled.log_prob(names.test).isinf().all() and set(drawn) <= seen

# %% [markdown]
# None. It repeats the names it has counted, each as often as the others, and gives every name of the test set
# probability 0. Each name is in the data once, so no test name can be in a filled cell. Smoothing would make them all
# equally likely, and equally likely with `qqzxjw`: at best the 39.6 nats of twelve uniform letters.
#
# The autoregressive network, on the same names:

# %%
letters = armod.likelihoods.Categorical(27)
speller = armod.MADE((12,), [128], likelihood=letters, seed=seed)
speller.start_from_marginals(names.train)
epochs = 6 if quick else 25
armod.fit(speller, names.train, valid=names.valid, epochs=epochs, learning_rate=3e-3, seed=seed)
drawn = [to_name(x) for x in speller.sample(200, generator=torch.Generator().manual_seed(seed))]
print("drawn:", *drawn[:10])
assert sum(name in seen for name in drawn) < 100
assert "margaret" in seen and "marlena" in map(to_name, names.test)
assert sum(map(len, (names.train, names.valid, names.test))) == 5163

uniform, learnt = 12 * math.log(27), nats(speller, names.test)
assert learnt < 20 < 39 < uniform
title = f"{learnt:.1f} nats for a new name with MADE, {uniform:.1f} at best with a smoothed histogram"
entries = {"smoothed histogram, at best": uniform, "MADE": learnt}
likelihood_bars(entries, unit="nats per name", title=title)

# %% [markdown]
# Most of these are new, and many could be names. MADE halves the nats and more, because what it learnt from `mar` in
# *margaret*, a training name, serves it in *marlena*, a test name. A table of whole names keeps the two in cells that
# have nothing to do with each other.
#
# The rest of the course keeps the chain rule and replaces the tables: by parameters in lesson 4.3, by a recurrent
# network in 4.4, by masks from 4.5 on.

# %% [markdown]
# ## Summary
#
# - A histogram's density is counting: a cell's share of the observations, divided evenly among the levels in it.
# - More bins need more data; held-out likelihood shows where to stop, training likelihood never does.
# - $D$ variables make $B^D$ cells. With 16 bins, 73% of test digits meet an empty cell at four pixels, all at eight.
# - A dictionary saves the memory. Smoothing saves the logarithm. Neither says which empty cells are likely.
# - Cells share nothing. A network that shares its weights predicts where no cell was filled, and leaves counting far behind.

# %% tags=["nbval-ignore-output"]
lesson_quiz("4_2_histograms")

# %% [markdown]
# ## Exercises
#
# [Your own copy of the exercises](my_exercises/4_2_histograms.ipynb) opens in JupyterLab. You build a sparse histogram of
# your own, count cells and smooth; each answer is checked as soon as you run it.
#
# ## Further reading
#
# - C. M. Bishop, *Pattern Recognition and Machine Learning*, section 2.5 (its first pages) for histograms as density
#   estimators, section 1.4 for the curse of dimensionality.
# - I. Goodfellow, Y. Bengio, A. Courville, *Deep Learning*, section 5.11.1, "The Curse of Dimensionality", and 5.11.2 on
#   what local models cannot do.
# - Y. Bengio, R. Ducharme, P. Vincent, C. Jauvin, *A Neural Probabilistic Language Model*, JMLR 2003, section 1: tables of
#   words against a network that shares, and the same argument as in section 8 here.
