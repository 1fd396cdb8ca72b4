# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 4.5.1 MADE: one network, every conditional
#
# **How can one pass through one network give every conditional at once?**
#
# After this lesson you can
# - show why an ordinary autoencoder is no distribution, and mend it with masks
# - place MADE between its neighbours: logistic regressions (FVSBN), NADE, counts of neighbouring pixels
# - give a network of any depth its degrees and masks, and prove that nothing leaks and everything adds up to 1
# - train on real digits, state the likelihood so that others can check it, sample and complete digits
# - say which average over several orderings is a distribution, and what orderings cost and buy
#
# **Minutes** 75 · **Needs** chain rule; maximum likelihood · **Teaches** autoregressive masks; order-agnostic training; likelihood receipts

# %% [markdown]
# The cell below holds the lesson's two parameters. `seed` changes every random choice; `quick` shortens the training.

# %% tags=["parameters"]
seed = 0
quick = False

# %%
import itertools
import math
from itertools import pairwise
from statistics import mean
from timeit import repeat, timeit

import torch
from torch import nn
from torch.distributions import Bernoulli
from torch.nn import functional as F

import armod
from armod.course.measured import measured
from armod.figures.bars import likelihood_bars
from armod.figures.curves import curves
from armod.figures.images import image_grid
from armod.models.made.masks import hidden_degrees, masks, who_sees_whom
from armod.course.labs import choices, curve, lesson_quiz, mask_lab, number, predict, predictions

torch.manual_seed(seed)
torch.set_num_threads(1)  # small matrices: a second thread costs more than it saves
bernoulli = armod.likelihoods.Bernoulli()


def seeded():
    return torch.Generator().manual_seed(seed)


# %% [markdown]
# ## 1. An autoencoder is not a distribution
#
# The chain rule writes a joint distribution as a product of conditionals,
# $p(x) = \prod_d p(x_d \mid x_1, \dots, x_{d-1})$. With one network per conditional, $D$ variables need $D$ networks.
# An image would need a lot of networks.
#
# An autoencoder looks like a bargain. It has one output for each input, and it is trained to reproduce its
# input. Read output $d$ as the probability that $x_d = 1$, multiply the outputs, and call the product $p(x)$.
#
# We do that for three bits. There are only eight observations, so we can train on all of them, and then add up
# all eight "probabilities".

# %%
every = torch.tensor(list(itertools.product([0.0, 1.0], repeat=3)))
autoencoder = nn.Sequential(nn.Linear(3, 32), nn.ReLU(), nn.Linear(32, 3))
optimizer = torch.optim.Adam(autoencoder.parameters(), lr=0.05)
for _ in range(200):
    log_prob = Bernoulli(logits=autoencoder(every)).log_prob(every).sum(1)
    optimizer.zero_grad()
    (-log_prob.mean()).backward()
    optimizer.step()

mass = log_prob.exp().sum().item()
predict(
    "For a distribution the eight probabilities add up to 1. What do they add up to here?",
    number(mass, low=0, high=16, digits=2),
    reveal=f"The loss is {-log_prob.mean():.2f} nats.",
)

# %% [markdown]
# <details><summary>What happened</summary>
#
# They add up to nearly 8. The network copies every input to its output, and so gives *each* observation a probability near 1.
# No distribution can manage with less than $3 \ln 2 = 2.08$ nats on average over eight equally frequent observations (one bit is
# 0.69 nats). So a loss of 0.00 is a sign that the outputs have seen the answers.
#
# </details>
#
# What if output $d$ sees all the *other* variables, but not its own? Then the product is the **pseudo-likelihood**.
# It is no likelihood: for four pixels the 16 products added up to 1.49 in lesson 4.1.
#
# For the product to be a chain rule, output $d$ may depend on $x_1, \dots, x_{d-1}$ alone. Every path through the
# network from $x_d$, or from a later variable, to output $d$ has to be cut.
#
# ### The first cut: a triangle
#
# Start with a network so small that the cut is obvious. It has no hidden layer: $D$ inputs, $D$ outputs, a matrix of weights $W$, and
# $p(x_d = 1 \mid x_{<d}) = \sigma(b_d + \sum_{j<d} W_{dj} x_j)$. These are $D$ logistic regressions, one for each variable.
# All of them are computed in one pass, if $W$ is multiplied by a matrix of zeros and ones.
#
# **Your turn.** Which matrix? Row $d$ belongs to output $d$, column $j$ to input $j$. Replace the dots, and run the cell again.
# (`torch.ones(D, D).tril(k)` keeps ones on diagonal $k$ and below it; 0 is the main diagonal.)


# %%
def triangle(D):
    return ...


def judge_triangle(mask):
    if mask is ...:
        return "not yet: nothing is there"
    wrong = (mask.bool() != (torch.arange(5)[:, None] > torch.arange(5))).nonzero().tolist()
    return f"not yet: look at row {wrong[0][0]}, column {wrong[0][1]}" if wrong else "right"


print(judge_triangle(triangle(5)))

# %% [markdown]
# This model is old, and known as the **fully visible sigmoid belief network (FVSBN)**. It is the first rung of a ladder.


# %%
class FVSBN(armod.AutoregressiveModel):
    likelihood = bernoulli

    def __init__(self, event_shape):
        super().__init__()
        self.event_shape = torch.Size(event_shape)
        self.ordering = torch.arange(self.num_variables)
        self.W = nn.Parameter(torch.zeros(self.num_variables, self.num_variables))
        self.b = nn.Parameter(torch.zeros(self.num_variables))

    def conditionals(self, x, context=None):
        return Bernoulli(logits=F.linear(x.flatten(1).float(), self.W.tril(-1), self.b).view(x.shape))


# %% [markdown]
# The second rung has hidden units: **NADE**, the neural autoregressive distribution estimator. Variable $d$ has a hidden
# layer $h_d = \sigma(c + \sum_{j<d} W_j x_j)$ and a probability $\sigma(b_d + V_d \cdot h_d)$. The weights into the hidden
# layers are shared by all variables: $h_{d+1}$ is $h_d$ with one more term in the sum. So a running sum gives all of them.


# %%
class NADE(FVSBN):
    def __init__(self, event_shape, hidden):
        super().__init__(event_shape)
        self.W, self.V = (nn.Parameter(0.01 * torch.randn(self.num_variables, hidden)) for _ in range(2))
        self.c = nn.Parameter(torch.zeros(hidden))

    def conditionals(self, x, context=None):
        units = (self.c + (seen := x.flatten(1)[:, :, None] * self.W).cumsum(1) - seen).sigmoid()
        return Bernoulli(logits=(self.b + (units * self.V).sum(2)).view(x.shape))


# %% [markdown]
# And the ladder needs a floor, without any network: **counts of neighbours.** At each place count how often
# the pixel is black, for each pattern of a few earlier pixels near it. Patterns that are rare at one place lean on the same
# pattern elsewhere. It is the $n$-gram of lesson 4.2, in two dimensions.


# %%
NEAR = [(0, 1), (1, 0), (1, 1), (1, -1), (0, 2), (2, 0), (2, 1), (1, 2), (2, -1), (1, -2)]  # up, left


def count_nats(data, earlier):
    """Nats per test digit, by counts of each pixel with its pattern of earlier ones."""
    _, height, width = data.event_shape
    place = torch.arange(height * width).view(height, width)

    def cells(x):  # place, pattern and value of each pixel
        x, wide = x[:, 0].long(), F.pad(x[:, 0].long(), (12, 12, 12, 0))
        parts = [wide[:, 12 - up : 12 - up + height, 12 - left :][..., :width] for up, left in earlier]
        return place.expand_as(x), sum(p << k for k, p in enumerate(parts)) + 0 * x, x

    table = torch.zeros(height * width, 2 ** len(earlier), 2)
    table.index_put_(cells(data.train), torch.ones(()), accumulate=True)
    anywhere = table.sum(0) + 0.5
    table += 5 * anywhere / anywhere.sum(1, keepdim=True)
    return -(table / table.sum(2, keepdim=True))[cells(data.test)].log().sum((1, 2)).mean().item()


# %% [markdown]
# We compare all three on the small digits of lesson 4.1, 64 pixels each. Independent pixels needed 25.3 nats there, and
# 64 separate networks about 17.2.

# %%
small = armod.data.load("digits8").binarize()
rungs = {"FVSBN": FVSBN(small.event_shape), "NADE": NADE(small.event_shape, 64)}
for model in rungs.values():
    history = armod.fit(model, small, epochs=20 if quick else 30, learning_rate=1e-2, seed=seed)
ladder = {"counts of 10 neighbours": count_nats(small, NEAR)}
ladder |= {name: armod.evaluate(model, small).nats for name, model in rungs.items()}


def learning_curves(history, num_variables, **text):
    bits = {"training": history.train_bits_per_dim, "validation": history.valid_bits_per_dim}
    lines = {name: [each * math.log(2) * num_variables for each in line] for name, line in bits.items()}
    epochs = range(1, len(history) + 1)
    return curves(epochs, lines, xlabel="epoch", ylabel="nats per digit", **text)


predict(
    "64 logistic regressions, NADE with 64 hidden units, or a table of counts. Which needs the fewest nats for a new digit?",
    choices(["counts of 10 neighbours", "FVSBN", "NADE"], answer=min(ladder, key=ladder.get)),
    reveal=[
        likelihood_bars(ladder, unit="nats per digit"),
        learning_curves(history, 64, title="NADE learns"),
    ],
)

# %% [markdown]
# <details><summary>What happened</summary>
#
# NADE leads by more than half a nat. The table and the logistic regressions are level: the table sees ten pixels, and every combination of them; a regression sees all earlier pixels, and adds them up. NADE's hidden
# units see all of them *and* combine them.
#
# Fully trained, the three keep this order with each of three seeds: 18.2 nats for FVSBN, 16.6 for NADE with 128 units (the script of
# section 9). Does NADE's sharing help, or does it only save weights? The control is NADE with first weights of its own for each
# variable. It has the same units and the same training, and needs 17.2 nats. So sharing is worth 0.6 nats here.
#
# </details>
#
# NADE has one drawback. For 64 pixels it computes 64 hidden layers, for 784 pixels 784. Can all variables share not only
# the weights, but the hidden units themselves? Then one ordinary network would do. That is **MADE**, the masked autoencoder for
# distribution estimation.

# %% [markdown]
# ## 2. A number on every unit
#
# A hidden unit that serves several outputs must not know anything that one of them may not know. So in MADE
# every unit carries a number, its **degree**: how far along the ordering it may look.
#
# - Input $d$ has degree $d$, its place in the ordering.
# - Hidden unit $k$ gets a degree $m(k)$ between 1 and $D-1$. It may look at inputs up to $m(k)$, so its weight from
#   input $d$ is kept where $M^W_{kd} = \mathbf{1}[m(k) \ge d]$.
# - Output $d$ may use a hidden unit only if that unit knows nothing but earlier variables:
#   $M^V_{dk} = \mathbf{1}[d > m(k)]$. Here the inequality is *strict*.
#
# Any degrees give a distribution, but badly chosen ones give a weak model. We draw them at random. The product of the two masks
# counts the paths from each input to each output.

# %%
D = 5
position = torch.arange(1, D + 1)
m = torch.randint(1, D, (7,), generator=seeded())

M_hidden = m[:, None] >= position[None, :]
M_output = position[:, None] > m[None, :]
paths = M_output.int() @ M_hidden.int()

print(f"degrees {m.tolist()}, paths from input (column) to output (row):", *paths.tolist(), sep="\n")
assert not paths.triu().any()

# %% [markdown]
# The diagonal and everything above it is zero: no output sees its own variable, and none sees a later one. This holds
# for any degrees: a path from input $j$ through unit $k$ to output $d$ needs $d > m(k) \ge j$, and so $d > j$. With more hidden
# layers the chain only gets longer: between two of them a weight is kept where the degree above is at least the degree below. Section 4 builds that.
#
# > **Precision.** The module's text gives the first mask only.
#
# **Your turn.** Somebody takes the text at its word, and leaves the outputs unmasked. Count the forbidden pairs (output $d$,
# input $j \ge d$) that are connected then. Replace the dots by one line; `M_hidden` is all you need.

# %%
leaks = ...

through = M_hidden.any(0).int()  # 1 for each input at which some hidden unit looks
due = int((through * position).sum())
print("right" if leaks == due else f"not yet; there are {D * (D + 1) // 2} forbidden pairs in all")

# %% [markdown]
# Without the output mask an input that any hidden unit looks at reaches all outputs, and outputs 1 to $j$ must not see input $j$.

# %% [markdown]
# ## 3. The mask lab
#
# Turn the knobs, point at a unit, and watch who sees whom. Guess before each turn:
#
# 1. Choose output 1. How many inputs does it see, and on what can its probability depend at all?
# 2. Set *Hidden layers* to 1, then its units to 1. Which outputs still see something?
# 3. Choose *random* ordering. Is the square "who sees whom" still a triangle?
# 4. Set *Output mask* to ≥. Which cells turn orange?

# %% tags=["nbval-ignore-output"]
mask_lab(8, (12, 12), seed=0)

# %% [markdown]
# The first variable of the ordering sees nothing; its probability is a constant, the output's bias. A single
# hidden unit has a single degree $m$: outputs after $m$ see the inputs up to $m$, all others nothing. Nothing
# leaks, but much is lost. A narrow layer makes a *weaker* model, never a wrong one. Another ordering permutes
# the triangle's rows and columns. With ≥ the diagonal turns orange: outputs see themselves.

# %% [markdown]
# ## 4. The whole model in a dozen lines
#
# A MADE is a plain network whose weights are multiplied by their masks in every pass. The masks are never written into
# the weights. One set of weights can then serve several sets of masks, and we shall need that in section 9.
#
# An `armod.AutoregressiveModel` has to say what its `conditionals` are. It inherits the rest, such as `log_prob` and
# `sample`.


# %%
class MyMADE(armod.AutoregressiveModel):
    likelihood = bernoulli

    def __init__(self, event_shape, ordering, layer_masks):
        super().__init__()
        self.event_shape, self.ordering, self.masks = torch.Size(event_shape), ordering, layer_masks
        self.layers = nn.ModuleList(nn.Linear(mask.shape[1], mask.shape[0]) for mask in layer_masks)

    def conditionals(self, x, context=None):
        units = x.flatten(1).to(self.layers[0].weight.dtype)
        for layer, mask in zip(self.layers, self.masks, strict=True):
            if layer is not self.layers[0]:
                units = units.relu()
            units = F.linear(units, layer.weight * mask, layer.bias)
        return Bernoulli(logits=units.view(x.shape))


# %% [markdown]
# We try it in a random ordering, with two hidden layers. An input's degree is its place in the *ordering*, whatever its own
# number is.
#
# **Proof.** We check two claims that the autoencoder failed. The sum over all $2^6$ observations is 1. And the *oracle*,
# which knows nothing of masks, finds no leak: it changes one input at a time, under several random sets of weights, and
# watches which conditionals move. (A *blind pair* is an earlier variable that a conditional misses.)

# %%
ordering = armod.orderings.random((6,), seed=seed)
place, degrees = ordering.argsort() + 1, hidden_degrees(6, [32, 32], seed=seed)
hidden = [above[:, None] >= below[None, :] for below, above in pairwise([place, *degrees])]
mine = MyMADE((6,), ordering, [*hidden, place[:, None] > degrees[-1][None, :]])

print(total := armod.total_probability(mine), report := armod.check_autoregressive(mine), sep="\n")
assert abs(total - 1) < 1e-5 and report.is_autoregressive
assert armod.dependency_matrix(mine).equal(who_sees_whom(mine.masks) > 0)
assert all(map(torch.equal, mine.masks, masks(ordering, degrees)))  # the library's masks

# %% [markdown]
# The other assertions prove more: each output depends on exactly the inputs that the product of the masks allows, and
# `armod.MADE` has the same masks.
#
# ### One pass instead of D
#
# Without masks we would have to hide the future by hand: for each variable $d$ blank all inputs from $d$ on, run the
# network, and read one output. The masked network gives the same numbers in a single pass.

# %%
model = armod.MADE((64,), [256], likelihood=bernoulli, seed=seed)
x = torch.randint(2, (500, 64))
past = torch.arange(64)


def each_alone():
    return torch.stack([model.conditionals(x * (past < d)).logits[:, d] for d in range(64)], dim=1)


assert torch.allclose(each_alone(), model.conditionals(x).logits, atol=1e-5)
alone, together = (min(repeat(run, number=1)) for run in (each_alone, lambda: model.conditionals(x)))
predict(
    "For 64 variables, how many times faster is the single pass?",
    choices(
        {"about as fast": 0, "a few times": 1, "more than twenty times": 2},
        answer=0 if alone < 2 * together else 1 if alone < 20 * together else 2,
    ),
)

# %% [markdown]
# <details><summary>What happened</summary>
#
# One pass replaces 64, and training makes one such pass for each batch. A recurrent network has to compute its conditionals one
# after another: each hidden state waits for the one before.
#
# </details>

# %% [markdown]
# ## 5. Real digits
#
# Five thousand digits from MNIST ship with the course: 4,000 to learn from, 500 to decide when to stop, 500 to test.
# We make them binary by a threshold.
#
# What is there to beat? Fair coins cost $784 \ln 2 = 543$ nats for one digit; lower is better.
# Counts start far below. With no neighbour at all they are *independent pixels*.

# %%
digits = armod.data.load("digits28").binarize()
numbers = [0, 1, 2, 4, 6, 10]
counted = {n: count_nats(digits, NEAR[:n]) for n in numbers}
far = count_nats(digits, [(up + 9, left) for up, left in NEAR])
predict(
    "We count each pixel together with so many of its nearest earlier pixels. How many nats does a test digit cost?",
    curve(
        numbers, counted.values(), low=50, high=250, given=1, x_label="neighbours", y_label="nats per digit"
    ),
    reveal=f"Ten pixels again, but nine rows further up: {far:.0f} nats.",
)

# %% [markdown]
# <details><summary>What happened</summary>
#
# Each neighbour helps, and the first four help most: left, above, and the two diagonals. With ten of them the table is down to 77
# nats. Is it the number of pixels that helps? The control says no: ten pixels that are not neighbours are nearly worthless. Most of
# what a table can know about a pixel lies right beside it.
#
# </details>
#
# Now we train a MADE with one hidden layer of 500 units. The output biases start where the independent pixels end.


# %%
def learn(**options):
    model = armod.MADE(digits.event_shape, [500], likelihood=bernoulli, seed=seed, **options)
    model.start_from_marginals(digits.train)
    return model, armod.fit(model, digits, epochs=3 if quick else 8, learning_rate=3e-3, seed=seed)


model, history = learn()
ours = armod.evaluate(model, digits, seed=seed)
print(ours)
learning_curves(history, 784, title=f"{ours.nats:.0f} nats per test digit at the end")

# %% [markdown]
# The printed line is a **receipt**: everything that is needed to check the number. (*Raster* means row by row from the top left.)
# Training and validation part in the end: with 785,000 weights and 4,000 digits this network begins to learn its digits by heart.
#
# Training longer, with a smaller step, gives the weights that ship with the course. Where do they stand on the ladder? The logistic regressions of section 1 come along, fully trained with three seeds.

# %%
runs = measured("made_orderings")


def best(run):  # test nats at the moment of the best validation
    return run["test"][min(range(len(run["valid"])), key=run["valid"].__getitem__)]


def trained_out(digits, name):
    return [best(run) for run in runs if (run["digits"], run["model"]) == (digits, name)]


trained = armod.load_pretrained("made-digits28").double()
num_weights = sum(each.numel() for each in trained.parameters())
receipt = armod.evaluate(trained, digits, seed=0)
nats = {"independent pixels": counted[0], "FVSBN": mean(trained_out("digits28", "FVSBN"))}
nats |= {"MADE, 500 hidden units": receipt.nats, "counts of 10 neighbours": counted[10]}
predict(
    f"MADE has {num_weights:,} weights, and sees all earlier pixels. The table of counts sees ten of them. Which needs fewer nats per digit?",
    choices(
        {"MADE, by more than 10 nats": 1, "they are a match": 0, "the table, by more than 10 nats": -1},
        answer=round(math.copysign(1, counted[10] - receipt.nats))
        if abs(counted[10] - receipt.nats) > 10
        else 0,
    ),
    reveal=[likelihood_bars(nats, unit="nats per digit"), f"```\n{receipt}\n```"],
)

# %% [markdown]
# <details><summary>What happened</summary>
#
# The table wins by 20 nats. MADE needs 97 nats for a new digit, which is 0.18 bits per pixel against the coins' 1. But it has to
# find out from 4,000 digits what the table was told: *which pixels are neighbours*. For MADE an image is a list. Shuffle the
# pixels of all digits in the same way, and its ordering and masks with them: it learns neither better nor worse. The table would
# be lost, as it was with its ten far pixels.
#
# Lesson 4.5.3 tells a network about neighbours, and it draws level with the table.
#
# The logistic regressions beat MADE, too, by 10 nats: 86.7 with each seed. Only at the end of training, though: after 1,600 updates they
# still needed 103. So on these digits MADE's hidden units do not help, in this ordering.
#
# </details>

# %% [markdown]
# ## 6. Sampling: one pixel at a time
#
# Likelihood took one pass. But pixel $d$ can be drawn only when all pixels before it are known.
# The textbook loop makes a full pass for each of the 784 pixels and uses one output of each.
#
# A hidden unit of degree $m$ is final as soon as $m$ pixels are known, and can be computed once. This is `method="cached"`, the default. Both methods turn the same random numbers into
# pixels.


# %%
def draw(method):
    return trained.sample(10, generator=seeded(), method=method)


by_method = {}
slow = timeit(lambda: by_method.update(naive=draw("naive")), number=1)
fast = min(repeat(lambda: by_method.update(cached=draw("cached")), number=1, repeat=3))
samples = by_method["cached"]
pictures = torch.stack([digits.test[:10].long(), samples])
predict(
    "Do the two methods draw the same ten digits?",
    choices(
        {"similar ones": False, "the same ones, pixel for pixel": True},
        answer=torch.equal(samples, by_method["naive"]),
    ),
    reveal=[
        f"Cached sampling is {'more' if slow > 40 * fast else 'less'} than 40 times faster.",
        image_grid(
            pictures, title="Ten test digits, and ten that MADE made up", row_labels=["real", "drawn"]
        ),
    ],
)

# %% [markdown]
# <details><summary>What happened</summary>
#
# They are the same digits, and they come more than 40 times faster.
#
# Look at the drawn row. Most pictures are ragged.
#
# </details>

# %% [markdown]
# ## 7. Completing a digit, and where that stops being right
#
# Keep some pixels, draw the others: that is `sample` with `known` and `mask`. Our model goes through the image row by
# row. If the *upper* half is known, it comes first in the ordering, and each new pixel is drawn given all of it.
# This is an exact draw from the model.
#
# Then we give the *lower* half instead, and let a second MADE, whose ordering runs backwards, complete the same digits.

# %%
upper = torch.zeros(1, 28, 28, dtype=torch.bool)
upper[:, :14] = True
given = digits.test.long()


def complete(model, mask):
    return model.sample(len(given), known=given, mask=mask, generator=seeded())


backwards, _ = learn(ordering=armod.orderings.reversed(digits.event_shape))
pasted = complete(trained, ~upper)
mended = complete(backwards, ~upper)
completed = {"real": given, "lower half kept": pasted, "by the backwards MADE": mended}
surprise = {name: -trained.log_prob(x).mean().item() for name, x in completed.items()}
rows = torch.stack([given, complete(trained, upper), pasted, mended])[:, 10:90:11]
shown = torch.stack([torch.zeros_like(upper), upper, ~upper, ~upper]).unsqueeze(1).expand(rows.shape)
labels = ["real digit", "upper half given", "lower half given", "the same, backwards"]
predict(
    "The raster MADE completes the upper half where the lower one is given. What comes out?",
    choices(
        {"digits as good as before": False, "upper halves that ignore the lower ones": True},
        answer=surprise["lower half kept"] > surprise["by the backwards MADE"] + 20,
    ),
    reveal=[
        image_grid(rows, title="Blue was given, black was drawn", row_labels=labels, known=shown),
        "Nats of the raster MADE: " + ", ".join(f"{name} {value:.0f}" for name, value in surprise.items()),
    ],
)

# %% [markdown]
# <details><summary>What happened</summary>
#
# In the second row the strokes carry on from where the blue half ends. In the third row the drawn half has
# nothing to do with the given one. It cannot: every upper pixel was drawn before the model looked at any lower
# one. The lower half was merely pasted in.
#
# The likelihood says so, too: the model needs far more nats for the pasted digits than for those of the backwards MADE. So a
# completion is exact only where the known pixels come first in the ordering, and one ordering serves one kind of question. Section 9 asks whether one network can serve many orderings.
#
# </details>

# %% [markdown]
# ## 8. Break it: one character
#
# Published code has had this bug: the output mask was written with $\ge$ in place of $>$. Output
# $d$ may then use hidden units of degree $d$, and those have seen $x_d$. We train the right and the wrong network on the
# small 8x8 digits, in the same way.

# %%
(m,) = hidden_degrees(64, [300], seed=seed)
right = masks(torch.arange(64), [m])
wrong = [right[0], torch.arange(1, 65)[:, None] >= m[None, :]]

drawn, loss, broken = [], [], []
for layer_masks in (right, wrong):
    network = MyMADE(small.event_shape, torch.arange(64), layer_masks)
    armod.fit(network, small.train, epochs=30 if quick else 60, learning_rate=3e-3, seed=seed)
    loss.append(armod.evaluate(network, small).nats)
    drawn.append(network.sample(10, generator=seeded()))
    broken.append(armod.check_autoregressive(network))
wrong_is_lower = armod.evaluate(network, small).nats < loss[0]
labels = [f"mask >: {loss[0]:.1f} nats", f"mask ≥: {loss[1]:.1f} nats"]
samples_of = {True: "its samples have less than half the ink", False: "its samples are no worse"}
predict(
    "Which network has the lower loss on test digits?",
    choices({"the right one": False, "the wrong one": True}, answer=wrong_is_lower),
    reveal=[
        f"The wrong network: {samples_of[bool(drawn[1].sum() < drawn[0].sum() / 2)]}.",
        image_grid(torch.stack(drawn), title="Ten samples of each network", row_labels=labels),
        f"```\n{broken[1]}\n```",
    ],
)

# %% [markdown]
# <details><summary>What happened</summary>
#
# The wrong network's loss is far below anything honest, and its samples are a few stray marks. While it trained, the
# answer was there to be copied. While it samples, there is no answer yet. A loss that is too good is the first symptom
# of a leak; the oracle proves it.
#
# The right network needs about 17 nats, even fully trained; NADE, fully trained, was nearly half a nat better. Is that the price
# of sharing hidden units? For a good part it is a lack of them: with 2,400 hidden units instead of 300 MADE needs 16.7 nats (three
# seeds), and only 0.15 are left between the two.
#
# </details>
# %% [markdown]
# ## 9. Many orderings, one network
#
# Masks cost no weights. So the same weights can be trained under several orderings in turn: the paper calls it
# **order-agnostic training**. If the ordering stays and only the degrees of the hidden units are drawn anew, it is
# **connectivity-agnostic** training. With `num_masks=4` and no ordering given, each of four *members* draws its own ordering and
# degrees, and they take turns at the training steps.
#
# What is that good for? A well-known implementation, `karpathy/pytorch-made`, reports 94.5 nats on MNIST for one MADE, and 79.3 for
# ten orderings averaged: far better than anything in the paper. How are they averaged? At test time there are four opinions
# about each pixel, and two ways to combine them:
#
# - average the four *probabilities* $p_m(x)$ of the whole observation;
# - average the four *logits* of each pixel, and multiply as usual.
#
# We use 3x3 patches of the small digits, so that all 512 observations can be enumerated.

# %%
train = small.train[:, :, 2:5, 2:5]
test = small.test[:, :, 2:5, 2:5]
everything = torch.tensor(list(itertools.product([0, 1], repeat=9))).view(-1, 1, 3, 3)


def averaged_logits(model, x):
    logits = torch.stack([member.conditionals(x).logits for member in model.members]).mean(0)
    return Bernoulli(logits=logits).log_prob(x.float()).flatten(1).sum(1)


members = {}
for name, ordering in {"four orderings": None, "one ordering": range(9)}.items():
    options = dict(num_masks=4, ordering=ordering, seed=seed)
    members[name] = armod.MADE((1, 3, 3), [64], likelihood=bernoulli, **options)
    armod.fit(members[name], train, epochs=30, seed=seed)
several, shared = members.values()
both = [-log_prob.mean().item() for log_prob in (several.log_prob(test), averaged_logits(several, test))]
total = [averaged_logits(model, everything).exp().sum().item() for model in (several, shared)]
predict(
    f"On test patches averaged probabilities give {both[0]:.2f} nats, averaged logits {both[1]:.2f}. Which is a distribution?",
    choices(
        {"the average of logits": (False, True), "of probabilities": (True, False), "both": (True, True)},
        answer=(abs(armod.total_probability(several) - 1) < 1e-4, abs(total[0] - 1) < 1e-4),
    ),
    reveal=f"Averaged logits add up to {total[0]:.3f}. If all members share one ordering: {total[1]:.3f}.",
)

# %% [markdown]
# <details><summary>What happened</summary>
#
# Averaged probabilities add up to 1, as every **mixture** of distributions does. Averaged logits do not: here their products add up to
# more than 1, on other small models to 0.965 and 1.96. Most of their advantage here is probability that
# does not exist. The logits of a pixel have seen *different* pasts: what one member predicts, another has seen. No ordering makes
# a chain rule of their average. So the published 79.3 is no likelihood.
#
# If all members share **one ordering**, their averaged logits still depend on the past alone. Then the product is a chain rule
# again, and its total is 1. Yet it is another model than the mixture. Exercises 6 and 10 look at both.
#
# </details>

# %% [markdown]
# ### What several orderings buy
#
# The honest mixture remains, and in the paper it is worth having: with two hidden layers, 32 masks bring the test loss on
# MNIST from 89.6 to 86.6 nats. We measure it on the small digits: 300 hidden units, one learning rate, and
# the weights that validate best. The eight members of an ensemble take turns, so each has an eighth of the updates. (Script: `benchmarks/lessons/made_orderings.py`; the cell trains the beginning of one run.)


# %%
def over_seeds(name, what="test"):  # the mean curve of three seeds, and its end filled with NaN
    found = [run for run in runs if (run["digits"], run["model"]) == ("digits8", name)]
    line = torch.tensor([run[what] for run in found]).mean(0)[4::2].tolist()
    return line + [math.nan] * (len(updates) - len(line))


updates = max((run["updates"] for run in runs if run["digits"] == "digits8"), key=len)[4::2]
eight = armod.MADE(small.event_shape, [300], likelihood=bernoulli, num_masks=8, seed=seed)
eight.start_from_marginals(small.train)
armod.fit(eight, small.train, epochs=13, learning_rate=3e-3, seed=seed)
lines = {"raster alone": over_seeds("raster"), "8 orderings, mixture": over_seeds("8 orderings")}
lines |= {"8 orderings, a member": over_seeds("8 orderings", "members")}
lines |= {"8 masks, one ordering": over_seeds("one ordering, 8 masks")}
ends = {name: mean(trained_out("digits8", name)) for name in ("raster", "random", "8 orderings", "8 rasters")}
num_seeds = min(len(trained_out("digits8", name)) for name in [*ends, "one ordering, 8 masks"])
after = {name: line[updates.index(200)] for name, line in lines.items()}
predict(
    f"After 200 updates one raster MADE needs {after['raster alone']:.1f} nats, the mixture of eight orderings "
    f"{after['8 orderings, mixture']:.1f}. Which is ahead when both are fully trained?",
    choices(
        {"still the raster MADE": -1, "neither, by more than 0.2 nats": 0, "the mixture": 1},
        answer=round(
            math.copysign(
                abs(ends["raster"] - ends["8 orderings"]) > 0.2, ends["raster"] - ends["8 orderings"]
            )
        ),
    ),
    reveal=[
        curves(
            updates,
            lines,
            title=f"Small digits, means over at least {num_seeds} seeds",
            xlabel="updates",
            ylabel="nats per test digit",
            log_x=True,
        ),
        f"Fully trained: {', '.join(f'{name} {value:.2f}' for name, value in ends.items())} nats. "
        f"The ensemble above, after 195 updates: {armod.evaluate(eight, small).nats:.1f}.",
    ],
)

# %% [markdown]
# <details><summary>What happened</summary>
#
# While training is short the mixture is behind: its weights have eight jobs to learn in the same number of updates. Fully trained it
# is ahead, by half a nat.
#
# What helps? The others are controls. *A member* alone is worse than the raster MADE: shared weights cost something, and
# averaging has to pay it back. *Eight masks of one ordering* gain nothing, so neither averaging masks nor longer
# training is the cause; nor is a *random* ordering by itself. Members with shared weights gain by *different* orderings.
# Averaging as such helps, too, where the weights differ: *eight rasters* have weights of their own, eight times as many, and come
# close, but are no better.
#
# The price is eight passes for one likelihood.
#
# </details>

# %% [markdown]
# ### Which ordering is best?
#
# By the chain rule any ordering can describe any distribution. A network of limited size cannot, so the ordering may
# matter. The script has trained the MADE of section 5, with 1,600 updates, under four other orderings as well:
#
# - **subscale**: the image falls into four interleaved pictures of 14x14 pixels, which come one after the other;
# - **coarse to fine**: first a few pixels far apart, then those halfway between them, and so on;
# - **every second row** from the top, then the rows between them, whose pixels have known neighbours above *and* below;
# - a **random** permutation, which has no idea behind it.

# %%
orders = ["raster", "every second row", "subscale", "coarse to fine", "random"]
by_seed = {name: trained_out("digits28", name) for name in orders}
by_order = {name: mean(each) for name, each in by_seed.items()}
gain = by_order["raster"] - by_order["random"]
all_runs = "; ".join(
    f"{name} {', '.join(f'{each:.1f}' for each in values)}" for name, values in by_seed.items()
)
predict(
    "Raster is the usual choice. Is a random permutation of the pixels better or worse for MADE?",
    choices(
        {"worse by more than 5 nats": -1, "about the same": 0, "better by more than 5 nats": 1},
        answer=round(math.copysign(abs(gain) > 5, gain)),
    ),
    reveal=[likelihood_bars(by_order, unit="nats per digit"), f"Each seed: {all_runs} nats."],
)

# %% [markdown]
# <details><summary>What happened</summary>
#
# Better, by twelve nats, for a mere permutation. More training closes little of the gap: the raster MADE of section 5 still needs 97. A *random* ordering does as well as the two designed ones (one seed each), so it is not the scales that help. Nor is raster bad in itself: the logistic regressions need 86.7 nats in it. Is it that known pixels soon lie on all sides of the next
# one? *Every second row* is the control: half of its pixels have known rows above and below, and it gains nothing over raster.
# The good orderings share something else: their first quarter covers the whole image. Whether that is the cause was not measured.
#
# This is a statement about MADE. Another network may have another favourite.
#
# </details>

# %% [markdown]
# ## Summary
#
# - An autoencoder's outputs multiply to no distribution, because they have seen what they predict.
# - Degrees on all units, masks with $\ge$ into hidden units and with $>$ into outputs, cut every forbidden path.
# - One pass then gives all conditionals: likelihood is exact and training parallel. Sampling still goes step by step.
# - On 28x28 digits MADE needs 97 nats, logistic regressions 87, and counts of ten neighbours 77: nobody told MADE what a neighbour is.
# - Several orderings can share one network: average their probabilities, never their logits. For MADE raster is a poor choice on 28x28 digits.

# %%
predictions()

# %% tags=["nbval-ignore-output"]
lesson_quiz("4_5_1_made")

# %% [markdown]
# ## Exercises
#
# [Your own copy of the exercises](my_exercises/4_5_1_made.ipynb) opens in JupyterLab. You compute masks, mend published bugs,
# sample in a random ordering, complete digits, and train a MADE within a budget; each answer is checked as soon as you run it.
#
# ## Further reading
#
# - M. Germain, K. Gregor, I. Murray, H. Larochelle, *MADE: Masked Autoencoder for Distribution Estimation*, ICML 2015:
#   "Masked Autoencoders" for the masks, "Deep MADE" for several layers, "Order-agnostic training" and
#   "Connectivity-agnostic training" for section 9 here.
# - H. Larochelle, I. Murray, *The Neural Autoregressive Distribution Estimator*, AISTATS 2011: NADE, and the fully visible
#   sigmoid belief network beside it.
# - B. Uria, I. Murray, H. Larochelle, *A Deep and Tractable Density Estimator*, ICML 2014: training under all orderings.
# - I. Goodfellow, Y. Bengio, A. Courville, *Deep Learning*, section 20.10.7 to 20.10.10: the classical auto-regressive
#   networks; section 18.3, the pseudo-likelihood.
#
# ---
#
# [← 4.4 Recurrent networks: a past of any length in one state](4_4_recurrent_networks.ipynb) · [The course map](index.ipynb) · [4.5.2 WaveNet: a short path into a long past →](4_5_2_wavenet.ipynb)
