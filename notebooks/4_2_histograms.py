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
# - turn counts into a probability for each level, and compare different numbers of bins on held-out data
# - build a histogram of many variables that stores filled cells only
# - measure the curse of dimensionality on real pixels: cells, filled cells, unseen test digits, memory
# - derive what an unseen digit costs a smoothed histogram, and say what smoothing cannot do
# - share by forgetting: count neighbours and n-grams, and let held-out data choose how much to forget
# - say, with evidence, when a network beats a good table, and when not
#
# **Minutes** 60 · **Needs** chain rule · **Teaches** histogram density; curse of dimensionality; smoothing; n-gram

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
from armod.figures.numbers import counted
from armod.course.labs import choices, curve, number, predict, predictions
from armod.course.labs import histogram_lab, lesson_quiz

torch.set_num_threads(1)  # small matrices: a second thread costs more than it saves
generator = torch.Generator().manual_seed(seed)

# %% [markdown]
# ## 1. One pixel
#
# The simplest density estimator needs no network and no training. It counts.
#
# Our data are real handwritten digits of 8x8 pixels, on 16 grey levels: 0 is paper, 15 is ink. We look at twelve
# pixels from the middle of the digit, three rows of four. They are our variables $x_1, \dots, x_{12}$, in reading
# order. We begin with $x_1$.

# %%
digits = armod.data.load("digits8").quantize(16)
train, valid, test = (x[:, 0, 2:5, 2:6].flatten(1) for x in (digits.train, digits.valid, digits.test))

shown = 8 + digits.train[:10, 0].long() // 2
shown[:, 2:5, 2:6] = 2 * digits.train[:10, 0, 2:5, 2:6].long()
image_grid(shown[None], 31, title="The twelve pixels of this lesson, in ten digits")

# %% [markdown]
# There are 1,444 **training** digits to count, 177
# **validation** digits to make choices with, and 176 **test** digits.
#
# To build a histogram, divide the 16 levels into $B$ bins of equal width and count how many training digits fall in
# each. A bin's probability is its share of the digits. If the bin holds several levels, they divide that probability
# evenly. So every histogram gives a probability to each of the same 16 levels, whatever its $B$, and their likelihoods can
# be compared. A function that gives each level its probability is called a **probability mass function**. (For real
# numbers it would be a density.)


# %%
def nats(model, x):
    return -model.log_prob(x).mean().item()


models = {B: armod.Histogram((1,), B, num_levels=16).fit(train[:, :1]) for B in (2, 4, 16)}
by_bins = {B: nats(model, test[:, :1]) for B, model in models.items()}
named = {f"{B} bins: {by_bins[B]:.2f} nats": model for B, model in models.items()}
best = min(by_bins, key=by_bins.get)
predict(
    "We count 1,444 digits. Which number of bins gives the test digits the highest likelihood?",
    choices({"2 bins": 2, "4 bins": 4, "16 bins": 16}, answer=best),
    reveal=density_bars(named, test[:, :1], title=f"Of these three, {best} bins predict the pixel best"),
)

# %% [markdown]
# <details><summary>What happened</summary>
#
# The dots are the test digits' shares of each level: paper and full ink stand out. Two bins cannot show that; sixteen can.
# They need 2.53 nats for the pixel, and lower is better. A uniform distribution needs $\ln 16 = 2.77$.
#
# </details>
#
# Are more bins always better? We count only fifteen digits.

# %%
few = train[torch.randperm(len(train), generator=generator)[:15], :1]
rough = armod.Histogram((1,), 16, num_levels=16).fit(few)
print(f"{16 - rough.num_occupied} of 16 bins are empty")
print(f"nats per test digit: {nats(rough, test[:, :1])}")

# %% [markdown]
# Infinitely many. An empty bin has probability 0, some test digit falls in one, and the logarithm of 0 is $-\infty$. A single
# such digit spoils the whole average.
#
# First aid is **additive** (Laplace) **smoothing**. Before counting, spread $A$ imaginary digits (**pseudo-counts**) evenly
# over all cells, here the bins:
#
# $$p(\text{cell}) = \frac{n_\text{cell} + A / \text{cells}}{N + A}.$$
#
# Now nothing is impossible. `armod.Histogram` takes the share of one cell, here $A / B$, as its `smoothing`.
# With $A = 1$ we compare numbers of bins for 15, 60 and all digits. Each number is a mean over 40 draws of the training digits.

# %%
bins = [1, 2, 4, 8, 16]


def mean_nats(B, N):
    model = armod.Histogram((1,), B, num_levels=16, smoothing=1 / B)
    draws = [torch.randperm(len(train), generator=generator)[:N] for _ in range(40)]
    return sum(nats(model.fit(train[draw, :1]), test[:, :1]) for draw in draws) / len(draws)


lines = {f"{N:,} digits": [mean_nats(B, N) for B in bins] for N in (15, 60, 1444)}
title = "Lowest at {}, {} and {} bins".format(*(bins[line.index(min(line))] for line in lines.values()))
predict(
    "Only 15 digits to count. Draw the nats that a test digit needs, for 1 to 16 bins.",
    curve(
        bins, lines["15 digits"], low=2.5, high=3.5, given=1, x_label="bins", y_label="nats per test digit"
    ),
    reveal=curves(bins, lines, title=title, xlabel="bins", ylabel="nats per test digit", log_x=True),
)

# %% [markdown]
# <details><summary>What happened</summary>
#
# With few digits the curve falls and then rises. Too few bins are blind to detail (**bias**). Too many hold too few digits
# each, and the counts are noise (**variance**): with 15 digits, sixteen bins are worse than no histogram at all (2.77).
# With all 1,444 digits the curve falls to the end.
#
# </details>
#
# The rest of the lesson is about the reason: **each cell learns only from the digits that fall in it.**

# %% [markdown]
# ## 2. Two pixels
#
# Can counting find how pixels depend on each other? For a pixel and its right neighbour, each pair of bins is a cell:
# $16 \cdot 16 = 256$ cells. The histogram is now a map. Its rival is a pair of histograms of one pixel each, whose
# probabilities are multiplied. All are smoothed with ten imaginary digits. How sure is the
# result? A mean over $N$ digits has a **standard error**, their standard deviation divided by $\sqrt N$.


# %%
def log_prob(B, *places):  # of the test digits' pixels at these places, by one histogram
    model = armod.Histogram((len(places),), B, num_levels=16, smoothing=10 / B ** len(places))
    return model.fit(train[:, places]).log_prob(test[:, places])


gains = {B: log_prob(B, 0, 1) - log_prob(B, 0) - log_prob(B, 1) for B in (4, 8, 16)}
gains = {B: (each.mean().item(), each.std().item() / math.sqrt(len(test))) for B, each in gains.items()}
counts, (gain, error) = armod.Histogram((2,), 16).fit(train[:, :2]), gains[16]
title = f"{counts.num_occupied} of 256 pairs occur"
predict(
    "The map of pairs, or the product of two single histograms: which predicts pairs of the test digits better? (By more than "
    "twice its standard error, or it does not count.)",
    choices({"the map": 1, "neither": 0, "the product": -1}, answer=(gain > 2 * error) - (gain < -2 * error)),
    reveal=[
        pair_figure(counts, title=title, names=("left", "right")),
        "\n\n".join(
            f"{B} bins: the map wins {won:.2f} ± {its:.2f} nats a pair" for B, (won, its) in gains.items()
        ),
    ],
)

# %% [markdown]
# <details><summary>What happened</summary>
#
# Neither does. The dark corner is paper beside paper. Ink beside something lighter, the edge of a stroke, lies below and at
# the right. So the map shows a dependence that two separate histograms ignore. But it pays a price: pale pink pairs never
# occurred, and many others only once. Gain and price cancel, within the error.
#
# Is it the number of cells? The control changes nothing else: with 8 bins the map has 64 cells, and it wins by twice the error.
# The dependence is real, and 1,444 digits are too few for 256 cells.
#
# </details>
#
# So counting can find a dependence, if the cells are not too many. And the recipe is fully general: any joint distribution of
# levels is a table of cells. What happens if we go on to twelve pixels?

# %% [markdown]
# ## 3. Your own histogram of many variables
#
# A table of all cells is quickly too large to write down. But most cells are empty, so we keep only the others: a
# dictionary from cell to count. This is the whole model. The last term of `my_log_prob` divides a cell's probability among
# its levels: a cell is $16/B$ levels wide in each of $D$ directions.
#
# Three checks follow. First, `armod.Histogram` agrees. Second, all $16^3$ observations of three pixels have total
# probability 1. Third, the histogram obeys the chain rule: the probability of a level, given the pixels before it, is a
# ratio of two counts.


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

three = armod.Histogram((3,), 16).fit(train[:, :3])
assert abs(armod.total_probability(three) - 1) < 1e-9

begins = (train[:, :2] == train[0, :2]).all(1)
ratio = (begins & (train[:, 2] == train[0, 2])).sum() / begins.sum()
assert torch.isclose(three.conditionals(train[:1, :3]).probs[0, 2, int(train[0, 2])], ratio.double())
print(f"p(x3 | x1, x2) of the first digit: {ratio:.3f}, a ratio of counts out of {int(begins.sum())}")

# %% [markdown]
# So a histogram is an autoregressive model too. Its conditionals are tables, one table for each possible beginning.
# Notice how few digits share the beginning of the first one, after only two pixels.

# %% [markdown]
# ## 4. The curse of dimensionality, measured
#
# $D$ variables in $B$ bins make $B^D$ cells. We have 1,444 digits. How long do they last? We fit a histogram for each
# $D$ from 1 to 12 and for 2, 4, 8 and 16 bins, and count: cells, filled cells, test digits that fall in an empty cell,
# and bytes. (A table of all cells takes 8 bytes for each count. A filled cell takes 16, for its number and its count.)

# %%
tables = {
    (B, D): armod.Histogram((D,), B, num_levels=16).fit(train[:, :D])
    for B in (2, 4, 8, 16)
    for D in range(1, 13)
}
last = tables[16, 12]
title = f"{counted(last.num_cells)} cells of twelve pixels, and {last.num_occupied:,} digits fill {last.num_occupied:,} of them"
picture = collapse_figure(tables, test, title=title)
unseen = dict(zip(tables, picture.table["unseen share"], strict=True))
predict(
    "16 bins. What share of the test digits falls in a cell that no training digit filled? Draw it for 1 to 8 pixels.",
    curve(
        range(1, 9),
        [100 * unseen[16, D] for D in range(1, 9)],
        low=0,
        high=100,
        given=1,
        x_label="pixels",
        y_label="% unseen",
    ),
    reveal=picture,
)

# %% [markdown]
# <details><summary>What happened</summary>
#
# Left, on a logarithmic axis: the dashed lines, all cells, are straight, as exponential growth is. The solid lines, filled
# cells, bend and stop at 1,444, because a digit fills one cell.
#
# The middle shows the price. With 16 bins, two pixels are covered. With four, 73% of the test digits fall in an empty cell.
# From eight on all do. Fewer bins only delay this: with 4 bins, 94% are unseen at twelve pixels.
#
# Right: a table of all cells for twelve pixels would take 2.3 petabytes, a list of the filled ones 23 kilobytes. So memory
# is a problem that we can solve. The middle panel shows one that we cannot: nobody can store what was never observed.
#
# </details>
#
# This is the **curse of dimensionality**. And these are only twelve pixels. The full 8x8 digit at 16 levels has
# $16^{64} \approx 10^{77}$ cells.

# %% [markdown]
# ## 5. See the cells
#
# Where do the digits lie among all these cells? All cells of any number of pixels fit in one square. The first pixel
# cuts it into $B$ columns, the second cuts each column into $B$ rows, the third cuts each of these cells into columns
# again. A digit stays near its place while the cell around it shrinks.
#
# Start with 8 bins in 2 dimensions and add dimensions one by one. Then try these:
#
# - At which dimension does the orange line leave the blue one? Does it happen later with fewer bins?
# - Set the smoothing to 0. Where does the orange line go, and why do the triangles begin where crosses begin?
# - Take 25 digits instead of 1,444. How many dimensions do the extra digits buy?
# - Paint a digit below the square. (Section 8 says what MADE is.)

# %% tags=["nbval-ignore-output"]
histogram_lab(8, 2, 1444, 1)

# %% [markdown]
# <details><summary>Answers</summary>
#
# The blue line keeps falling: on its own training digits the histogram looks better with every dimension. The orange
# line, on test digits, turns upwards as soon as crosses appear, and soon lies above the dashed uniform line. Only held-out
# data tell the truth about a model that memorises.
#
# With 8 bins crosses begin at three dimensions, with 4 bins at four, with 2 at six. Without smoothing a single cross
# makes the average infinite: hence a triangle wherever there are crosses. And with 25 digits, 8 bins lose a test digit at
# the very first pixel: 58 times the digits have bought two dimensions. Data cannot keep pace with $B^D$.
#
# </details>

# %% [markdown]
# ## 6. How much does smoothing help?
#
# Without smoothing the test likelihood is infinitely bad once a single cross appears. So how many imaginary digits $A$
# are best? We take 16 bins and sweep $A$ over six powers of ten.

# %%
amounts = [0.1, 1, 10, 100, 1000, 1e4, 1e5]


def smoothed(B, D, A):
    return armod.Histogram((D,), B, num_levels=16, smoothing=A / B**D).fit(train[:, :D])


sweep = {D: [nats(smoothed(16, D, A), test[:, :D]) for A in amounts] for D in (2, 4, 12)}
least = {D: amounts[line.index(min(line))] for D, line in sweep.items()}
title = f"Best at 2 pixels: A = {least[2]:,.0f}; at 4: {least[4]:,.0f}; at 12: {least[12]:,.0f}, the end of the sweep"
labels = {"xlabel": "imaginary digits A, spread over all cells", "ylabel": "nats per pixel", "log_x": True}
predict(
    "With more pixels, is it better to imagine more digits, or fewer?",
    choices({"more": 1, "as many": 0, "fewer": -1}, answer=(least[4] > least[2]) - (least[4] < least[2])),
    reveal=curves(
        amounts,
        {f"{D} pixels": [each / D for each in line] for D, line in sweep.items()},
        title=title,
        floor=("uniform", math.log(16)),
        **labels,
    ),
)

# %% [markdown]
# <details><summary>What happened</summary>
#
# For two pixels 100 imaginary digits are best. Four pixels need 10,000, more than there are real ones. With twelve pixels
# every point lies above the uniform line, and the best that we can do is to drown the data.
#
# But look at the left end. At $A = 0.1$ the line of twelve pixels lies *below* that of four. Are twelve easier than four?
#
# </details>
#
# We can compute what an unseen digit costs. Its cell holds $A / 16^D$ imaginary digits and nothing else, out of $N + A$:
#
# $$-\ln p = -\ln \frac{A / 16^D}{N + A} = D \ln 16 + \ln \left(1 + \frac{N}{A}\right).$$
#
# The first term is what a uniform guess costs. The second is the fine for having counted: it pays for the probability
# that went to the filled cells. It does not depend on $D$. So we draw the sweep again, for whole blocks, as nats above a
# uniform guess.

# %%
excess = {f"{D} pixels": [each - D * math.log(16) for each in line] for D, line in sweep.items()}
excess["an unseen digit"] = [math.log(1 + 1444 / A) for A in amounts]
strange = {D: test[tables[16, D].is_unseen(test[:, :D]), :D] for D in (4, 12)}
for D, x in strange.items():
    cost = nats(smoothed(16, D, 10), x) - D * math.log(16)
    assert math.isclose(cost, math.log(1 + 1444 / 10))
    print(f"{D:2} pixels, A = 10: {len(x)} unseen test digits, each {cost:.2f} nats above a uniform guess")
labels["ylabel"] = "nats per block, above uniform"
curves(
    amounts,
    excess,
    title="The fine of an unseen digit is the same for 4 and for 12 pixels",
    floor=("uniform", 0),
    **labels,
)

# %% [markdown]
# Now twelve pixels lie above four everywhere. Their line *is* the fine, because all their test digits are unseen. With four
# pixels 27% of them are known and cost less. In nats *per pixel* the same fine is divided by twelve instead of four. That
# is why twelve pixels looked easier.
#
# **Your turn.** How many imaginary digits make the fine of an unseen digit exactly one nat? Solve for $A$, replace the
# dots, and run the cell again.

# %%
A = ...

fine = None if A is ... else nats(smoothed(16, 12, A), strange[12]) - 12 * math.log(16)
print("not yet" if fine is None else f"{fine:.3f} nats: {'right' if abs(fine - 1) < 0.001 else 'not yet'}")

# %% [markdown]
# Smoothing gives *every* empty cell the same probability. It does not know which empty cells are likely.
#
# To be fair to the histogram, we let the validation digits choose both $B$ and $A$ for each $D$.

# %%
candidates = [(B, A) for B in (2, 4, 8, 16) for A in amounts]
chosen = {
    D: min(candidates, key=lambda each: nats(smoothed(each[0], D, each[1]), valid[:, :D]))
    for D in range(1, 13)
}
counting = [nats(smoothed(B, D, A), test[:, :D]) / D for D, (B, A) in chosen.items()]
print("bins of the best histogram, for 1 to 12 pixels:", [B for B, _ in chosen.values()])
print(f"at twelve pixels it needs {counting[-1]:.2f} nats a pixel; a uniform guess needs {math.log(16):.2f}")

# %% [markdown]
# The more pixels, the coarser the best bins: from 16 down to 2. With two bins the histogram sees black and white only.
# It pays for filled cells with everything that it knows about grey.

# %% [markdown]
# ## 7. Share by forgetting
#
# A beginning of eleven pixels never comes again. But must we look at all eleven? Suppose that a pixel depends on its
# nearest neighbours only, and that we may forget the rest. This is the **Markov assumption**. It is false, and useful: a
# short past comes again and again. And if we forget *where* in the block the pixel lies, all twelve places fill the same
# table. That is 12 times the counts in a far smaller table.
#
# How much should we forget? We sort the past by importance, and keep its last $m$ entries. Where these were rare,
# we lean on a shorter past. With $n(h)$ the times that the past $h$ was seen, $t(h)$ the number of different levels that
# followed it, and $h'$ the past that has forgotten one more entry,
#
# $$p(x \mid h) = \frac{n(h, x) + t(h)\, p(x \mid h')}{n(h) + t(h)}.$$
#
# Going back to a shorter past is called **back-off**. (This form, by Witten and Bell, always mixes both: it is *interpolated*.)
# The shortest past leans on the uniform distribution. No level is impossible, and only $m$ is left to choose.


# %%
def kept(past, m):
    return past[len(past) - m :]


def mean_nats_of(p):
    return -sum(map(math.log, p)) / len(p)


def back_off(train, new, K):
    """For m = 0, 1, ...: the probability of each new pair (past, level), if m entries of the past are kept."""
    found = [[1 / K] * len(new)]
    for m in range(1 + len(new[0][0])):
        pairs = Counter((kept(past, m), x) for past, x in train)
        n, t = Counter(kept(past, m) for past, _ in train), Counter(h for h, _ in pairs)
        asked = zip([(kept(past, m), x) for past, x in new], found[-1], strict=True)
        found.append([(pairs[h, x] + t[h] * q) / (n[h] + t[h]) if h in n else q for (h, x), q in asked])
    return found[1:]


# %% [markdown]
# For pixels the most important entry is the left neighbour, then the one above, then those above to the right and
# above to the left. They are kept in $B$ bins; everything beyond the edge of the block counts as one more level. We count with
# 2, 4, 8 and 16 bins, and keep 0 to 4 neighbours. As before, the validation digits choose.


# %%
def with_pasts(blocks, past_of):  # pairs (past, level), one for every pixel of every block
    x = torch.nn.functional.pad(blocks.view(-1, 3, 4).long(), (1, 1, 1, 0), value=16)
    left, above, above_right, above_left = x[:, 1:, :-2], x[:, :-1, 1:-1], x[:, :-1, 2:], x[:, :-1, :-2]
    place = torch.arange(12).view(3, 4).expand(len(x), 3, 4)
    past = torch.stack(past_of(left, above, above_right, above_left, place), dim=-1)
    return list(zip(map(tuple, past.flatten(0, 2).tolist()), x[:, 1:, 1:-1].flatten().tolist(), strict=True))


def by_neighbours(x, B):  # probabilities of all pixels of x, for 0 to 4 neighbours
    def past_of(left, above, above_right, above_left, place):
        return [each * B // 16 for each in (above_left, above_right, above, left)]

    return back_off(with_pasts(train, past_of), with_pasts(x, past_of), 16)


held_out = {B: [mean_nats_of(p) for p in by_neighbours(valid, B)] for B in (2, 4, 8, 16)}
least_nats, num_bins, num_kept = min((held_out[B][m], B, m) for B in held_out for m in range(5))
neighbours = mean_nats_of(by_neighbours(test, num_bins)[num_kept])
title = f"Validation chooses {num_kept} neighbours in {num_bins} bins: {neighbours:.2f} nats per test pixel"
predict(
    "Neighbours in 4 bins. Draw the nats per validation pixel, if 0 to 4 neighbours are kept.",
    curve(
        range(5), held_out[4], low=2.2, high=2.6, given=1, x_label="neighbours kept", y_label="nats per pixel"
    ),
    reveal=curves(
        range(5),
        {f"{B} bins": line for B, line in held_out.items()},
        title=title,
        xlabel="neighbours kept",
        ylabel="nats per validation pixel",
    ),
)

# %% [markdown]
# <details><summary>What happened</summary>
#
# Forget too much, and the past has nothing to say. Forget too little, and it was never seen before. The best table lies in
# between, and where depends on the bins: with 16 bins it keeps two neighbours, with two bins all four.
#
# The best one needs 2.30 nats for a test pixel. The best full table needed 2.66. Both only count, in the same 1,444
# digits. The difference of 0.36 nats a pixel is what forgetting is worth: most of the past, and the place of the pixel.
#
# </details>
#
# **Your turn.** Which past would you keep? Choose other neighbours, other bins for each, or tell the table the place of
# the pixel, and beat our table on the validation digits. The last entry of your list is the most important one.


# %%
def my_past(left, above, above_right, above_left, place):
    return [above // 4, left // 4]


mine = mean_nats_of(back_off(with_pasts(train, my_past), with_pasts(valid, my_past), 16)[-1])
print(
    f"{mine:.3f} nats per validation pixel:",
    "right, better than ours" if mine < least_nats else "not yet better than ours",
)

# %% [markdown]
# ## 8. Share by weights
#
# Now a small autoregressive network: `armod.MADE` with one hidden layer of 64 units. Lesson 4.5.1 takes it apart. Here
# it is enough that it computes $p(x_d \mid x_1, \dots, x_{d-1})$ for all twelve pixels. It forgets nothing, and its weights
# serve all pasts. It trains on the same 1,444 digits, and starts from a histogram of each single pixel
# (`start_from_marginals`).
#
# By the chain rule, its first $D$ conditionals are a model of the first $D$ pixels. The same holds for the table of
# neighbours.


# %%
def learning(history, name, D):
    lines = {"train": history.train_bits_per_dim, "valid": history.valid_bits_per_dim}
    lines = {split: [D * math.log(2) * bits for bits in each] for split, each in lines.items()}
    title = f"{name}: {min(lines['valid']):.2f} nats on validation data after {history.best_epoch + 1} epochs"
    return curves(range(1, len(history) + 1), lines, title=title, xlabel="epoch", ylabel="nats")


sixteen = armod.likelihoods.Categorical(16)
epochs = 10 if quick else 40
mades, histories = [], []
for each in [seed] if quick else [seed, seed + 1, seed + 2]:
    mades.append(armod.MADE((12,), [64], likelihood=sixteen, seed=each).start_from_marginals(train))
    options = {"epochs": epochs, "learning_rate": 3e-3, "patience": 6, "seed": each, "progress": False}
    histories.append(armod.fit(mades[-1], train, valid=valid, **options))
made = mades[0]
by_seed = [nats(each, test) / 12 for each in mades]

# %% [markdown]
# Now we ask the best full table, the table of neighbours and the network about the same test digits.

# %%
with torch.no_grad():
    shared = {"MADE": made.conditionals(test).log_prob(test).double()}
shared["counted neighbours"] = (
    torch.tensor(by_neighbours(test, num_bins)[num_kept], dtype=torch.float64).log().view(-1, 12)
)
lines = {"best full table": counting}
lines |= {name: (-each.mean(0).cumsum(0) / torch.arange(1, 13)).tolist() for name, each in shared.items()}
title = "Nats per pixel at twelve pixels: " + ", ".join(
    f"{line[-1]:.2f} {name}" for name, line in lines.items()
)
labels = {"xlabel": "pixels D", "ylabel": "nats per test pixel"}
at_twelve = {name: line[-1] for name, line in lines.items()}
predict(
    "Which of the three predicts twelve pixels of a test digit best?",
    choices(list(lines), answer=min(at_twelve, key=at_twelve.get)),
    reveal=[
        curves(range(1, 13), lines, title=title, floor=("uniform", math.log(16)), ylim=(2.1, 2.9), **labels),
        "MADE, a number for each seed: " + ", ".join(f"{each:.3f}" for each in by_seed),
        learning(histories[0], "MADE on twelve pixels", 12),
    ],
)

# %% [markdown]
# <details><summary>What happened</summary>
#
# At one pixel the three are equal: there is nothing to share. (The table of neighbours recognises the corner by its edges.) From
# two pixels on, the full table's line climbs back towards the uniform one: there are soon far more cells than digits. The lines of the
# two models that share go down together.
#
# At twelve pixels MADE is best, with 2.24 nats a pixel from each of the three seeds. Be careful with the reason, though.
# Of the 0.42 nats between the full table and MADE, counting neighbours brings 0.36, and the network adds the rest. So it
# is counting *without sharing* that fails in twelve dimensions. Yet nobody told the network which neighbours matter.
#
# </details>

# %% [markdown]
# ## 9. Next door
#
# A model that shares says something sensible about blocks that it has never seen. To test that, take each
# training digit's block and change one pixel by one grey level. To an eye it is the same block. How much does each model's
# surprise grow?

# %%
nudged = train.long()
rows = torch.arange(len(train))
place = torch.randint(12, (len(train),), generator=generator)
nudged[rows, place] += torch.where(nudged[rows, place] < 15, 1, -1)

ask = {
    "full table": lambda x: nats(smoothed(16, 12, 100), x),
    "neighbours": lambda x: 12 * mean_nats_of(by_neighbours(x, num_bins)[num_kept]),
    "MADE": lambda x: nats(made, x),
}
surprise = {name: [model(x) for x in (train, nudged, test)] for name, model in ask.items()}
grows = {name: after - before for name, (before, after, _) in surprise.items()}
told = "\n".join(
    f"{name:10}  training {a:5.1f}  nudged {b:5.1f}  test {c:5.1f}" for name, (a, b, c) in surprise.items()
)
predict(
    "One grey level on one of twelve pixels. By how many nats does the surprise of a full table of 16 bins grow? (A = 100.)",
    number(grows["full table"], unit="nats", low=0.1, high=100, log=True),
    reveal=f"```\nnats per digit\n{told}\n```",
)

# %% [markdown]
# <details><summary>What happened</summary>
#
# By more than 25 nats. To the full table the nudged digits are as strange as digits that it has never seen. One grey level on one pixel takes a
# block out of its cell, and the cell next door has learned nothing from it.
#
# For the table of neighbours it grows by less than a nat: only the pixel itself and the few that look at it can notice, and
# in 4 bins most of these do not. For MADE it grows by little more than a nat. Its 24,832 weights serve all inputs. A weight
# that learns something from one digit is used for all similar ones: that is **parameter sharing**.
#
# </details>
#
# *Precision:* the module's text says that histograms do not share parameters across dimensions. Strictly, a table of
# whole observations shares nothing at all: not across dimensions, and not across neighbouring cells of the same dimension.

# %% [markdown]
# ## 10. Names: whole, and letter by letter
#
# Does all this hold without pixels, too? The data set `names` holds 5,163 first names, each written as twelve of 27
# symbols: its letters, then dots to the end. Let a histogram count whole names, and ask it for new ones.

# %%
names = armod.data.load("names")
spelled = armod.Histogram((12,), 27).fit(names.train)
seen = {to_name(x) for x in names.train}


def invented(model, how_many=200):
    return [to_name(x) for x in model.sample(how_many, generator=torch.Generator().manual_seed(seed))]


drawn = invented(spelled)
assert set(drawn) <= seen and spelled.is_unseen(names.test).all()
print(f"{counted(spelled.num_cells)} cells; drawn:", *drawn[:10])

# %% [markdown]
# It invents nothing. It repeats the names that it has counted, and gives every test name probability 0: each name is in the
# data once, so no test name can be in a filled cell. Smoothing would make them all exactly as likely as `qqzxjw`, at best the
# 39.6 nats of twelve uniform letters.
#
# So we forget again. A model that keeps the last $n - 1$ letters and counts what follows is called an **n-gram**: for $n = 2$
# a bigram, for $n = 3$ a trigram. It is `back_off` with letters as pasts, and `armod.NGram` in the library.


# %%
def letters_with_pasts(x, place=False):  # four letters; before a name stands a 28th symbol
    rows = [[27] * 4 + row for row in x.tolist()]
    return [((*row[d : d + 4], *[d] * place), row[d + 4]) for row in rows for d in range(12)]


def ngrams(x, **options):  # nats per name, for n = 1, 2, ...
    p = back_off(letters_with_pasts(names.train, **options), letters_with_pasts(x, **options), 27)
    return [12 * mean_nats_of(each) for each in p]


on_valid = ngrams(names.valid)
on_test = ngrams(names.test)
n = 1 + on_valid.index(min(on_valid))
ngram = armod.NGram((12,), n, num_levels=27).fit(names.train)
assert math.isclose(nats(ngram, names.test), on_test[n - 1])
predict(
    "An n-gram looks back at n - 1 letters. Draw the nats per validation name for n = 1 to 5.",
    curve(range(1, 6), on_valid, low=10, high=30, given=1, x_label="n", y_label="nats per name"),
    reveal=f"The validation names choose n = {n}: {on_test[n - 1]:.2f} nats per test name. It draws {', '.join(invented(ngram)[:8])}.",
)

# %% [markdown]
# <details><summary>What happened</summary>
#
# Each letter of the past helps, up to three of them: 13.98 nats for a test name with $n = 4$, where whole names cost 39.6.
# $n = 5$ is too much. A past of four letters was seen once or never, and the table leans on what it knows of three.
#
# </details>
#
# Can a network do better? We try two. MADE has weights of its own for each place in the name. A recurrent network, here a
# GRU, uses the same weights at each place, and carries a summary of all letters so far (lesson 4.4).

# %%
letters = armod.likelihoods.Categorical(27)
speller = armod.MADE((12,), [512], likelihood=letters, seed=seed).start_from_marginals(names.train)
recurrent = armod.RecurrentModel((12,), 128, cell="gru", likelihood=letters, seed=seed)
runs = {"MADE": (speller, 3 if quick else 14, 3e-3), "GRU": (recurrent, 2 if quick else 8, 5e-3)}
learned = []
scores = {f"counted {n}-gram": on_test[n - 1]}
for name, (model, epochs, rate) in runs.items():
    options = {"epochs": epochs, "learning_rate": rate, "seed": seed, "progress": False}
    history = armod.fit(model, names.train, valid=names.valid, **options)
    learned.append(learning(history, f"{name} on names", 12))
    scores[name] = nats(model, names.test)
placed = [ngrams(x, place=True) for x in (names.valid, names.test)]
told_place = placed[1][placed[0].index(min(placed[0]))]
predict(
    "A 4-gram that counts, a MADE of 512 hidden units, a GRU of 128: put the MADE in its place.",
    choices(
        {"the best of the three": 0, "between the other two": 1, "the last of the three": 2},
        answer=sorted(scores.values()).index(scores["MADE"]),
    ),
    reveal=[
        likelihood_bars(scores, unit="nats per test name"),
        f"The GRU draws {', '.join(invented(recurrent)[:8])}.",
        f"An n-gram that is told the place of the letter needs {told_place:.2f} nats.",
        *learned,
    ],
)

# %% [markdown]
# <details><summary>What happened</summary>
#
# MADE loses to a table: 14.35 nats against 13.98. Other seeds do not mend it (14.38 and 14.31), nor do 1,024 hidden units (14.27).
# The GRU beats both, with 13.49 (other seeds 13.49 and 13.52).
#
# The obvious suspect is what they share. The table and the GRU use what they learn about `mar` wherever it stands.
# MADE has to learn it at every place anew. A control: we tell the n-gram the place, so that it counts for each place apart, and
# change nothing else. Its best is then 14.24 nats. So forgetting the place is worth about a quarter of a nat to the table: one
# reason, but not the only one.
#
# The GRU shares across places as the table does, and need not forget. What is that worth? A WaveNet (lesson 4.5.2) shares in
# the same way. If it sees three letters, it needs 14.0 or 14.1 nats; if it sees seven, 13.8 or 13.9, with each of three seeds.
#
# </details>
#
# The rest of the course asks what each model shares, and what it forgets. A table that shares stays the one to beat.

# %% [markdown]
# ## Summary
#
# - A histogram counts: a cell's share of the observations, divided evenly among the levels in it. Held-out data choose the bins.
# - $D$ variables make $B^D$ cells. With 16 bins, 73% of test digits meet an empty cell at four pixels, all at eight.
# - A dictionary saves the memory, smoothing the logarithm: an unseen digit costs $D \ln 16 + \ln(1 + N/A)$, likely or not.
# - Share by forgetting: neighbours and n-grams turn 2.66 nats a pixel into 2.30, and 39.6 nats a name into 14.0, by counting.
# - A network shares by weights and need not forget. It may still lose to a table: MADE wins on pixels, but on names only the GRU does.

# %%
predictions()

# %% tags=["nbval-ignore-output"]
lesson_quiz("4_2_histograms")

# %% [markdown]
# ## Exercises
#
# [Your own copy of the exercises](my_exercises/4_2_histograms.ipynb) opens in JupyterLab. Each answer is
# checked as soon as you run it.
#
# ## Further reading
#
# - C. M. Bishop, *Pattern Recognition and Machine Learning*, section 2.5 (its first pages) for histograms as density
#   estimators, section 1.4 for the curse of dimensionality.
# - I. Goodfellow, Y. Bengio, A. Courville, *Deep Learning*, section 5.11.1, "The Curse of Dimensionality", 5.11.2 on
#   what local models cannot do, and 12.4.1 for n-grams and back-off.
# - S. F. Chen, J. Goodman, *An Empirical Study of Smoothing Techniques for Language Modeling*, 1998, section 2.5: the back-off
#   of section 7, after Witten and Bell, among its many rivals.
# - Y. Bengio, R. Ducharme, P. Vincent, C. Jauvin, *A Neural Probabilistic Language Model*, JMLR 2003, section 1: tables of
#   words against a network that shares.
#
# ---
#
# [← 4.1 The chain rule: one variable at a time](4_1_chain_rule.ipynb) · [The course map](index.ipynb) · [4.3 Maximum likelihood: the best explanation, and how good it is →](4_3_maximum_likelihood.ipynb)
