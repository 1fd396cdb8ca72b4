# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 4.3 Maximum likelihood: the best explanation, and how good it is
#
# **Which parameters explain the data best, and when is a likelihood good enough?**
#
# After this lesson you can
# - derive the estimate of a coin's $p$, and check each step by symbols, by autograd and on a grid
# - say how sure that estimate is, and what goes wrong when all flips are alike
# - split a model's loss into an entropy, which no model changes, and a divergence, which is the model's own fault
# - let a network name a probability for every past, and train it by gradient ascent on the log-likelihood
# - build a discretized logistic mixture bin by bin, tails included, and choose between it and a categorical
#
# **Minutes** 60 · **Needs** chain rule; histogram density · **Teaches** maximum likelihood; KL divergence; discretized logistic mixture

# %% [markdown]
# The cell below holds the lesson's two parameters. `seed` changes every random choice; `quick` shortens the training.

# %% tags=["parameters"]
seed = 0
quick = False

# %%
import itertools
import math

import sympy
import torch
from IPython.display import display
from torch import nn
from torch.nn import functional as F

import armod
from armod.figures.curves import curves
from armod.course.labs.mixture.picture import MixtureFacts, mixture_figure
from armod.course.labs.surface.picture import surface_figure
from armod.likelihoods import DiscretizedLogisticMixture, LogisticMixture
from armod.course.labs import lesson_quiz
from armod.course.labs import coin_lab
from armod.course.labs import mixture_lab
from armod.course.labs import surface_lab

torch.manual_seed(seed)
torch.set_num_threads(1)  # small tensors: a second thread costs more than it saves

# %% [markdown]
# ## 1. Which p explains the flips best?
#
# The chain rule asks for one conditional distribution after another. This lesson is about a single one: how do we
# choose its parameters?
#
# The smallest case is a bit. Take the pixel in the middle of a handwritten digit, and ask whether it holds ink. Over
# many digits that is a coin with an unknown probability $p$ of heads. We draw ten digits and try three values of $p$.
#
# A value of $p$ explains the ten flips well if it gives them a high probability. With $k$ heads in $n$ independent flips
# that probability, as a function of $p$, is the **likelihood** $L(p) = p^k (1-p)^{n-k}$.

# %%
grey = armod.data.load("digits28")
pixel = grey.train[:, 0, 14, 15].long()[torch.randperm(len(grey.train))]
ink = (pixel >= 128).double()

flips = ink[:10]
heads = int(flips.sum())
for p in (0.2, 0.5, 0.8):
    print(f"p = {p}: {heads} heads in 10 flips have probability {p**heads * (1 - p) ** (10 - heads):.7f}")

# %% [markdown]
# All three numbers are small, because the $2^{10}$ sequences of ten flips share a total of 1. Only the comparison counts.
# The value of $p$ with the highest likelihood is the **maximum-likelihood estimate**,
# written $\hat p$.
#
# Ten flips are few. The training set has 4,000 digits.
#
# **Predict before you run:** what is the likelihood of all 4,000 flips, under the best $p$ there is?


# %%
def nats(p, heads, flips):
    return heads * torch.log(p) + (flips - heads) * torch.log(1 - p)


share = ink.mean()
likelihood = torch.where(ink == 1, share, 1 - share).prod().item()
log_likelihood = nats(share, ink.sum(), len(ink)).item()
print(f"likelihood {likelihood}; log-likelihood {log_likelihood:.0f} nats, {log_likelihood / 4000:.3f} each")
assert likelihood == 0 and round(log_likelihood) == -2742

# %% [markdown]
# Zero, and every other $p$ gives zero too: the product is smaller than the smallest float. Whoever maximises it compares
# zeros. The logarithm turns the product into a sum, and it keeps the order, so the same $p$ is best:
#
# $$\hat\theta = \arg\max_\theta \prod_i p_\theta(x_i) = \arg\max_\theta \sum_i \log p_\theta(x_i).$$
#
# This is why everybody maximises the **log-likelihood** $\ell$. With the natural logarithm its unit is the *nat*; divided by
# $\ln 2$ it is in bits. For the coin,
# $\ell(p) = k \log p + (n-k) \log (1-p)$. Divided by the number of flips, it can be compared between data sets of different
# sizes: here each flip costs 0.685 nats, close to the $\ln 2 = 0.693$ of a fair coin.
#
# ### The coin lab
#
# Turn coins by a click, or move the sliders. The lower curve is the logarithm of the upper one. Predict before you turn:
#
# 1. Where is the peak for 3 heads of 4? For 30 of 40? Which peak is wider?
# 2. Move *Candidate p* to the peak. What does its slope become?
# 3. Turn all coins to heads. Where is the peak now, and is its slope zero?

# %% tags=["nbval-ignore-output"]
coin_lab(7, 10, 0.5)

# %% [markdown]
# The peak stands at $k/n$, for 3 of 4 as for 30 of 40, and with ten times the flips it is $\sqrt{10}$ times narrower. At
# the peak the slope is zero, unless all flips are alike: then the curve still rises where it ends. The next
# sections prove all this.

# %% [markdown]
# ## 2. The derivation, checked three ways
#
# At a maximum inside $(0, 1)$ the derivative is zero:
#
# $$\frac{d\ell}{dp} = \frac{k}{p} - \frac{n-k}{1-p} = 0 \quad\Longrightarrow\quad k(1-p) = (n-k)\,p
# \quad\Longrightarrow\quad \hat p = \frac{k}{n}.$$
#
# The estimate is the share of heads. It is a maximum, and the only one, if the second derivative is negative everywhere.
# A computer algebra system checks each of these steps without a single number.

# %%
p, k, n = sympy.symbols("p k n", positive=True)
log_likelihood = k * sympy.log(p) + (n - k) * sympy.log(1 - p)
slope, second = sympy.diff(log_likelihood, p), sympy.diff(log_likelihood, p, 2)
(best,) = sympy.solve(slope, p)
print(f"slope {slope}; zero at p = {best}; second derivative {second}")
assert sympy.simplify(slope - (k / p - (n - k) / (1 - p))) == 0 and best == k / n
assert sympy.simplify(second + k / p**2 + (n - k) / (1 - p) ** 2) == 0
assert sympy.simplify(second.subs(p, best) + n / (best * (1 - best))) == 0

# %% [markdown]
# Sympy writes the signs in its own order; the assertions say that it means ours. The second derivative is
# $-k/p^2 - (n-k)/(1-p)^2$, negative everywhere. At the peak this **curvature** is $-n / (\hat p (1 - \hat p))$, says the
# last one: the more flips, the sharper the peak.
#
# Now the same with numbers, on our ten flips, in two ways that know nothing of algebra. Autograd differentiates the code of
# the log-likelihood, twice. And a grid tries every $p$ in steps of a ten-thousandth.

# %%
best = torch.tensor(heads / 10, dtype=torch.float64, requires_grad=True)
(slope,) = torch.autograd.grad(nats(best, heads, 10), best, create_graph=True)
(curvature,) = torch.autograd.grad(slope, best)
grid = torch.linspace(0, 1, 10_001, dtype=torch.float64)[1:-1]
on_grid = grid[nats(grid, heads, 10).argmax()]
print(f"k/n = {best:.4f}; there slope {abs(slope):.1e}, curvature {curvature:.2f}; on the grid {on_grid:.4f}")
assert abs(slope) < 1e-9 and abs(on_grid - best) < 1e-9
assert torch.isclose(curvature, -10 / (best * (1 - best)))

# %% [markdown]
# Three ways, one answer. Algebra proves it for every $k$ and $n$; the other two would catch a slip of the pen.
#
# ### At the edges
#
# The derivation needs a maximum *inside* $(0, 1)$. If all flips are heads, then $\ell(p) = n \log p$, whose slope $n/p$ is
# never zero: the highest point is the edge $p = 1$. The formula $k/n$ still holds, but it makes a tail impossible, and the
# first one costs infinitely many nats.
#
# **Predict:** we look at the pixel in three digits at a time. How often are all three alike?

# %%
threes = ink[:3999].view(-1, 3).mean(1)
alike = ((threes == 0) | (threes == 1)).double().mean().item()
slope_at_edge = torch.func.grad(lambda p: 3 * torch.log(p))(torch.tensor(1.0)).item()
first_tail = torch.log(torch.tensor(1.0) - 1).item()
print(f"{alike:.0%} of the triples; the slope at p = 1 is {slope_at_edge}; a tail then has {first_tail} nats")
assert 0.21 < alike < 0.32 and slope_at_edge == 3 and first_tail == -math.inf

# %% [markdown]
# About one triple in four leads to certainty, and to an infinite loss as soon as the next digit differs. This is the
# histogram's empty cell again, in its smallest form. A little smoothing takes the estimate off the edge; for a network
# weight decay and stopping early do the same job.
#
# ### How sure is the estimate?
#
# Near its peak the log-likelihood is nearly a parabola. It falls by half a nat at a distance of
# $\sqrt{\hat p (1-\hat p) / n}$, one over the root of minus the curvature. So the curvature predicts how far $\hat p$ would
# scatter if we could collect the data again. Our 4,000 digits let us try: cut them into groups of $n$, and estimate $p$ in
# each.

# %%
places, peaks = torch.linspace(0.01, 0.99, 197, dtype=torch.float64), {}
for size in (10, 40, 100):
    estimates = ink.view(-1, size).mean(1)
    predicted = (share * (1 - share) / size).sqrt()
    print(f"{size:3} flips: curvature says ± {predicted:.3f}, the groups scatter by {estimates.std():.3f}")
    assert abs(estimates.std() / predicted - 1) < 0.4
    peaks[f"{size} flips"] = (nats(places, size * share, size) - nats(share, size * share, size)).exp()
title = "Ten times the flips make the peak about three times narrower"
curves(places, peaks, title=title, xlabel="p", ylabel="likelihood, share of the best")

# %% [markdown]
# Read the three curves from outside inwards: 10 flips leave every $p$ from about 0.3 to 0.8 plausible, 100 flips a range
# of about 0.45 to 0.65. The groups scatter as the curvature promised.

# %% [markdown]
# ## 3. How good is a likelihood?
#
# A loss of 4.3 bits: is that good? Nobody can say from the number alone. Random data costs something under every model.
# The least that it can cost on average is its **entropy** $H(p) = -\sum_x p(x) \log p(x)$, in bits if the logarithm is to
# base 2.
#
# To see this we need a source whose entropy is known, so we make one: eight bits, the first a fair coin, each later one
# equal to its left neighbour with probability 0.9. There are only 256 sequences, so every mean below is an exact sum, and
# the chain rule gives the entropy in closed form.

# %%
every = torch.tensor(list(itertools.product([0, 1], repeat=8)))
repeats = (every[:, 1:] == every[:, :-1]).sum(1).double()


def sticky(stay):
    return math.log(0.5) + nats(stay, repeats, 7)


source = sticky(torch.tensor(0.9, dtype=torch.float64)).exp()
entropy = -(source * source.log2()).sum().item()
print(f"{len(every)} sequences, total probability {source.sum():.6f}, entropy {entropy:.4f} bits")
assert abs(entropy - (1 - 7 * (0.9 * math.log2(0.9) + 0.1 * math.log2(0.1)))) < 1e-12

# %% [markdown]
# The entropy is 4.28 bits for eight bits of data: 1 for the first, 0.469 for each of the others.
#
# Now two families of models. *Independent bits* have one parameter, the probability of a 1. *Sticky bits* have one too,
# the probability of staying. For each we compute the mean loss on the source, the **cross-entropy**
# $-\sum_x p(x) \log q(x)$, and by its own formula the **Kullback-Leibler divergence**
#
# $$KL(p \| q) = \sum_x p(x) \log \frac{p(x)}{q(x)} \;\ge\; 0 \quad\text{(0 only if the two are equal).}$$
#
# **Predict:** the best independent bits, the best sticky bits: how far above 4.28 bits does each end?

# %%
theta = torch.linspace(0.01, 0.99, 99, dtype=torch.float64)[:, None]
ones = every.sum(1).double()
families = {"independent bits": nats(theta, ones, 8), "sticky bits": sticky(theta)}
loss, marks = {}, {}
for name, log_q in families.items():
    loss[name] = -(source * log_q).sum(1) / math.log(2)
    divergence = (source * (source.log() - log_q)).sum(1) / math.log(2)
    assert torch.allclose(loss[name] - entropy, divergence, atol=1e-12)
    at = loss[name].argmin()
    assert at == divergence.argmin()
    marks[name] = [(theta[at].item(), loss[name][at].item())]
    print(
        f"{name}: {loss[name][at]:.2f} bits at {marks[name][0][0]:.2f} = {entropy:.2f} + {divergence[at]:.2f}"
    )
assert [round(marks[name][0][1], 2) for name in families] == [8.0, 4.28]
curves(
    theta.squeeze(1), loss, marks=marks, floor=("entropy of the source", entropy), ylim=(0, 16),
    title="A loss is the source's entropy plus the model's divergence from it",
    xlabel="parameter of the family", ylabel="cross-entropy, bits",
)  # fmt: skip

# %% [markdown]
# The dotted line is the floor. The dashed curve touches it at 0.9, where the model is the source and the divergence 0. The
# solid curve never comes near: the best independent bits are fair coins, 8.00 bits, and the 3.72 bits above the
# floor are what they lose by not looking at their neighbour. **The distance to the floor is the divergence**, at every
# parameter of every family, as the assertion says:
#
# $$\underbrace{-\sum_x p(x) \log q_\theta(x)}_{\text{cross-entropy}} \;=\; H(p) + KL(p \| q_\theta).$$
#
# The mean log-likelihood of a large sample is minus the cross-entropy. So the parameters of maximum likelihood are, as
# data grows, the parameters of least divergence: both pick the lowest point of the same curve.
#
# > **Precision.** The module's text calls the two equivalent. Their *minimisers* agree; their values differ by the data's
# > entropy, which no model changes. A loss of 0 is therefore not the goal: the goal is a divergence of 0. On real data
# > nobody knows the entropy. But the difference between two models' losses is the difference between their
# > divergences, so models can be ranked. A loss *below* the entropy, on new data and on average, is impossible.
#
# On new data, the note says. What about the data that a model was trained on?
#
# **Predict:** we draw 100 sequences, and fit two models by maximum likelihood: sticky bits, and a table of counts with one
# cell for each of the 256 sequences. Which has the lower loss on these 100? And on 10,000 new ones?

# %%
train, new = torch.multinomial(source, 10_100, replacement=True).split([100, 10_000])
stay = repeats[train].mean() / 7  # k/n again: n = 700 chances to stay
table = ((torch.bincount(train, minlength=256) + 1 / 256) / 101).log()  # smoothed as in lesson 4.2
for name, log_q in {"sticky bits": sticky(stay), "table of counts": table}.items():
    on_train, on_new = (-log_q[sequences].mean().item() / math.log(2) for sequences in (train, new))
    print(f"{name}: {on_train:.2f} bits in training, {on_new:.2f} on new data; entropy {entropy:.2f}")
    assert on_new > entropy - 0.1
assert abs(stay - 0.9) < 0.06 and on_train < entropy - 0.2 and on_new > entropy + 0.4

# %% [markdown]
# In training the table of counts falls *below* the entropy, and on new data it is the worse of the two. Its 256 cells have
# learned the accidents of 100 draws. (The draws as a whole can happen to be easy or hard: even the true source's loss on
# them moves by a quarter of a bit either way.) A training loss below the floor is memory, not knowledge. This is why a likelihood is
# reported on data that the model has not seen.

# %% [markdown]
# ## 4. From one p to a network
#
# For a coin there is a formula. For a network there is none, so we climb: follow the gradient of the log-likelihood. Let us
# climb where the answer is known, 9 heads in 10 flips, starting from $p = 0.5$ with a step of 0.3 times the mean slope.
#
# **Break it:** one climber moves $p$ itself. The other moves the **logit** $\theta$, a number without bounds, and uses
# $p = \sigma(\theta) = 1/(1 + e^{-\theta})$. Which one arrives?


# %%
def climb(start, to_p, steps):
    at = torch.tensor(start, requires_grad=True)
    for _ in range(steps):
        (slope,) = torch.autograd.grad(nats(to_p(at), 9, 10) / 10, at)
        at = (at + 0.3 * slope).detach().requires_grad_()
    return to_p(at).item()


by_p, by_logit = climb(0.5, lambda p: p, 3), climb(0.0, torch.sigmoid, 300)
print(f"moving p: {by_p:.2f} after 3 steps; moving the logit: {by_logit:.4f} after 300")
assert by_p < 0 and abs(by_logit - 0.9) < 1e-3
theta = torch.tensor(2.0, requires_grad=True)
bce = F.binary_cross_entropy_with_logits(theta.expand(10), (torch.arange(10) < 9).float())
(gradient,) = torch.autograd.grad(-bce, theta)
assert torch.isclose(-10 * bce, nats(theta.sigmoid(), 9, 10))
assert torch.isclose(gradient, 0.9 - torch.sigmoid(theta))

# %% [markdown]
# The first climber jumps over the edge: a "probability" below 0, whose log-likelihood is not a number. And it goes on,
# because the formula of its slope still returns a number. The logit can't leave its range. It also makes the slope simple:
# the last line asserts that it is $k/n - \sigma(\theta)$, what the data says minus what the model says. The loss that
# libraries call *binary cross-entropy with logits* is nothing else than minus the mean log-likelihood of a coin, says the
# line before.
#
# With a logit nothing stops us from letting a network name it. Our pixel is one variable of an image; in raster order 407
# pixels come before it. The network reads them and gives one logit: a different coin for every past. Alone, the pixel
# cost almost a full bit.
#
# **Predict:** how many bits will be left when the past is known?

# %%
black = grey.binarize()
past, new_past = (part.flatten(1)[:, :407].float() for part in (black.train, black.test))
bits, new_bits = (part[:, 0, 14, 15].float() for part in (black.train, black.test))
network = nn.Sequential(nn.Linear(407, 32), nn.ReLU(), nn.Linear(32, 1), nn.Flatten(0))
optimizer = torch.optim.AdamW(network.parameters(), lr=0.01, weight_decay=0.3)
for _ in range(60):
    optimizer.zero_grad()
    F.binary_cross_entropy_with_logits(network(past), bits).backward()
    optimizer.step()

alone = F.binary_cross_entropy(bits.mean().expand(500), new_bits).item() / math.log(2)
given_past = F.binary_cross_entropy_with_logits(network(new_past), new_bits).item() / math.log(2)
print(f"test digits: one p for all {alone:.2f} bits, a p for every past {given_past:.2f} bits")
assert round(alone, 2) == 0.98 and 0.35 < given_past < 0.5

# %% [markdown]
# From 0.98 bits to less than half a bit. This is one conditional $p_\theta(x_d \mid x_{<d})$ of the chain rule; an
# autoregressive model has one for every pixel, and its log-likelihood is their sum. The rest of the course is about the
# network; what remains here is its output. A logit is enough for a bit, but pixels have 256 levels.

# %% [markdown]
# ## 5. Levels that know their neighbours
#
# A **categorical** distribution has one logit for each level, made into probabilities by a softmax. Its maximum-likelihood
# estimate is again a share: $\hat p_k = n_k / n$, the histogram. (The cell below begins with a check on four coarse levels: at
# these shares the gradient of the cross-entropy is zero, data minus model, level by level.) A categorical can take any
# shape. But to it levels are only names: what it learns about level 200 says nothing about level 201.
#
# Grey levels are quantities. So let us say less with fewer numbers. Take a **logistic** distribution on the real line: its
# cumulative probability is the sigmoid, $F(x) = \sigma((x - \text{mean}) / \text{scale})$. Cut the line into bins of width
# 1 around the levels. The probability of a level is the difference of $F$ at the two ends of its bin. The first bin has no
# lower end and the last no upper one: they take the rest.


# %%
quarters = pixel // 64
logits = (torch.bincount(quarters, minlength=4) / 4000).log().requires_grad_()
(gradient,) = torch.autograd.grad(F.cross_entropy(logits.expand(4000, 4), quarters), logits)
assert gradient.abs().max() < 1e-6


def one_logistic(mean, scale, num_levels):
    ends = torch.arange(num_levels - 1, dtype=torch.float64) + 0.5
    below = torch.sigmoid((ends - mean) / scale)
    return below.diff(prepend=torch.zeros(1), append=torch.ones(1))


near_edge = one_logistic(1.0, 2.0, 32)
without_tails = torch.sigmoid((torch.arange(33) - 0.5 - 1.0) / 2.0).diff()
print(f"with tails: sum {near_edge.sum():.6f}, level 0 {near_edge[0]:.3f}")
print(f"without:    sum {without_tails.sum():.6f}, level 0 {without_tails[0]:.3f}")
assert abs(near_edge.sum() - 1) < 1e-12 and without_tails.sum() < 0.7
title = "Level 0 takes all the mass below it, so nothing is lost"
mixture_figure([(1.0, 2.0, 1.0)], 32, title=title)

# %% [markdown]
# The differences of neighbours telescope: what is left of their sum is the last value minus the first, $1 - 0$, whatever the mean and the scale.
# In the picture the hatched bars in the margin are mass where no level is; the hatched part of level 0 is the same mass,
# counted where it belongs. Leave the tails out, and a third of the probability is gone.
#
# One hump is a poor shape for most pixels. A **mixture** adds several, with weights: three numbers a component instead of
# one a level. Is ours the library's? And what happens to a level far out in a tail?

# %%
weights, means, scales = torch.tensor([[0.5, 0.3, 0.2], [3.0, 20.0, 40.0], [1.0, 4.0, 0.5]]).double()
mine = sum(w * one_logistic(m, s, 32) for w, m, s in zip(weights, means, scales, strict=True))
half = 31 / 2  # the library measures means and scales in half ranges, from the middle
parameters = weights.log(), (means - half) / half, (scales / half).log()
library = DiscretizedLogisticMixture(*parameters, num_levels=32)
assert torch.allclose(mine, library.probs) and abs(library.probs.sum() - 1) < 1e-12
assert torch.equal(LogisticMixture(32, 3).distribution(torch.cat(parameters)).probs, library.probs)

far = one_logistic(31.0, 0.01, 32)[10].log().item()
narrow = DiscretizedLogisticMixture(*torch.tensor([[0.0], [1.0], [math.log(0.01 / half)]]), 32)
exact = narrow.log_prob(torch.tensor(10)).item()
print(f"a level 2,050 scales away: difference of CDFs {far} nats, the library {exact:.0f} nats")
assert far == -math.inf and round(exact) == -2050

# %% [markdown]
# The same numbers, and one difference that matters in training. Far from the mean both values of $F$ round to 0; their
# difference has the logarithm $-\infty$, and no gradient leads back from there. The library never subtracts. It works with
# $\log F(b) + \log(1 - F(a)) + \log(1 - e^{a-b})$, where $a$ and $b$ are the ends of the bin in scales from the mean. This is
# the same quantity, and finite.

# %% [markdown]
# ## 6. Climbing a surface
#
# One logistic has two parameters, so its log-likelihood is a surface over a map. In the lab, put points on 16 levels and
# watch. Predict before you try:
#
# 1. Choose *one heap and a stray point*. How far does the best mean move? How far would the average move?
# 2. Choose *all on one level*. Is there a best scale?
# 3. Choose *heaped on the edge*. Where does the maximiser lie?

# %% tags=["nbval-ignore-output"]
surface_lab()

# %% [markdown]
# The stray point doubles the scale on the lab's grid, and moves the mean by about half a level where the average moves by 0.8: a
# logistic's heavy tails allow for strays. Points on one level make the scale shrink without end, like the coin that
# always shows heads. And points heaped on level 0 are best explained by a mean *below* level 0, where no level is.
#
# Autograd reads the slope of this surface off the code. We climb from the lab's first candidate, in the mean and the
# logarithm of the scale, which has no bounds to jump over; once without the stray point, once with it.


# %%
def ascend(points):
    at, path = torch.tensor([3.0, math.log(2.26)], dtype=torch.float64, requires_grad=True), []
    for _ in range(500):
        mean, log_scale = at
        path.append((mean.item(), log_scale.exp().item()))
        (slope,) = torch.autograd.grad((points * one_logistic(mean, log_scale.exp(), 16).log()).sum(), at)
        at = (at + 0.05 * slope).detach().requires_grad_()
    assert slope.norm() < 1e-6
    return path


points = torch.tensor([0, 0, 0, 0, 1, 0, 2, 3, 2, 0, 1, 0, 0, 0, 0, 0])
path, with_stray = ascend(points), ascend(points + F.one_hot(torch.tensor(15), 16))
for name, (mean, scale) in {"without": path[-1], "with": with_stray[-1]}.items():
    print(f"maximiser {name} the stray point: mean {mean:.2f}, scale {scale:.2f}")
assert abs(path[-1][0] - 7) < 1e-3 and round(path[-1][1], 2) == 0.85
assert with_stray[-1][0] < 7.5 and with_stray[-1][1] > 1.7 * path[-1][1]
title = "Autograd climbs from mean 3.00, scale 2.26 to mean 7.00, scale 0.85"
surface_figure(points.tolist(), path=path, title=title)

# %% [markdown]
# The picture shows the climb without the stray point. From the white dot the scale grows first: a wide distribution finds
# far points less surprising. Then mean and scale move together to the summit, where the slope is zero. (The yellow dot is
# the best cell of the map, whose scales are 0.80 and 0.95 there; the climber isn't bound to cells.) With the stray point
# the scale is 1.7 times as wide, and the mean has moved by 0.4; both are printed above the picture.

# %% [markdown]
# ## 7. A real pixel
#
# Our pixel as it is, in grey. The lab draws its histogram, on 32 coarse levels, as an outline. The title says how many bits
# a pixel costs under your mixture, and how many of them are the divergence from the histogram.
#
# **Try first by hand:** how close do you come with three components? Where do their means go?

# %% tags=["nbval-ignore-output"]
coarse = torch.bincount(pixel // 8, minlength=32)
mixture_lab([(15.5, 2.0, 5)], coarse.tolist())

# %% [markdown]
# The histogram is two spikes, paper and full ink, with a low plain between them. Two narrow components with means just
# beyond the edges, and a wide third one, come within 0.1 bits.
#
# Now all 256 levels, by gradient ascent. A mixture of three has 8 free numbers, a categorical 255. We fit both to the
# first $n$ training digits, and measure on the 500 test digits. The categorical gets half an imaginary digit at every
# level, for otherwise an unseen level would cost infinitely much.
#
# **Predict:** from how many digits on does the categorical win on the test digits?


# %%
def fit_mixture(levels, steps=100 if quick else 200):
    likelihood, counts = LogisticMixture(256, 3), torch.bincount(levels, minlength=256)
    parameters = likelihood.marginal(levels[:, None])[0].requires_grad_()
    optimizer = torch.optim.Adam([parameters], lr=0.05)
    for _ in range(steps):
        optimizer.zero_grad()
        log_prob = likelihood.distribution(parameters).log_prob(torch.arange(256))
        (-(counts * log_prob).sum() / len(levels)).backward()
        optimizer.step()
    return likelihood.distribution(parameters.detach())


by_hand = MixtureFacts(((-1.0, 0.5, 4), (32.0, 0.5, 4), (18.0, 7.0, 5)), 32, tuple(coarse.tolist()))
assert by_hand.bits - by_hand.entropy < 0.1

unseen, sizes = grey.test[:, 0, 14, 15].long(), (50, 200, 1000, 4000)
held_out = {"categorical, 255 numbers": [], "3 logistics, 8 numbers": []}
for size in sizes:
    shares = (torch.bincount(pixel[:size], minlength=256) + 0.5) / (size + 128)
    fitted = fit_mixture(pixel[:size])
    log_probs = shares.log()[unseen], fitted.log_prob(unseen)
    for name, log_prob in zip(held_out, log_probs, strict=True):
        held_out[name].append(-log_prob.mean().item() / math.log(2))
categorical, logistics = held_out.values()
assert all(few < many for few, many in zip(logistics, categorical, strict=True))
assert categorical[1] > logistics[1] + 0.15 and categorical[3] < logistics[3] + 0.1
assert round(logistics[3], 1) == 5.3

by_level = {"categorical": shares, "3 logistics": fitted.probs}
title = "4,000 digits: the categorical is rough where the mixture is smooth"
display(curves(range(256), by_level, title=title, xlabel="level", ylabel="probability", log_y=True))
title = "Eight numbers learn a pixel from few digits; 255 numbers need thousands"
curves(sizes, held_out, title=title, xlabel="training digits", ylabel="bits on test digits", log_x=True)

# %% [markdown]
# The first picture shows the two fits to all 4,000 digits, on a logarithmic axis. Both have the spikes at paper and full
# ink. Between them the categorical jumps from level to level, by chance; the mixture is a smooth plain.
#
# The second picture answers the question: the categorical does not win at all, not even with 4,000 digits. Read the lines
# from left to right: the mixture needs 200 digits to
# come near its final 5.3 bits, and the categorical is still some hundredths of a bit above that at the right end. (A
# uniform guess costs 8 bits.) Its freedom has to be paid for in data, level by level; the mixture shares what it learns
# among neighbours. It can overfit too: with some draws of 50 digits, one of its components shrinks onto a single level,
# as in the surface lab.
#
# A network stands at the left end: for each past it has seen few examples, or none. That is why PixelCNN++ ends in such
# mixtures.

# %% [markdown]
# ## Summary
#
# - Maximum likelihood picks the parameters under which the data is most probable; it maximises a sum of logarithms.
# - For a coin that is $\hat p = k/n$; the curvature $-n/(\hat p(1-\hat p))$ says how sure it is; at the edges it is too sure.
# - Cross-entropy is the data's entropy plus the divergence of the model. Only the second can be learned away.
# - Logits have no edges to jump over; a network that names logits, trained by cross-entropy, *is* maximum likelihood.
# - A discretized logistic mixture gives neighbouring levels similar probabilities; its outer bins take the tails, so it sums to 1.

# %% tags=["nbval-ignore-output"]
lesson_quiz("4_3_maximum_likelihood")

# %% [markdown]
# ## Exercises
#
# [Your own copy of the exercises](my_exercises/4_3_maximum_likelihood.ipynb) opens in JupyterLab. Each answer is checked as
# soon as you run it.
#
# ## Further reading
#
# - I. Goodfellow, Y. Bengio, A. Courville, *Deep Learning*: section 3.13 for entropy and the KL divergence, section 5.5 for
#   maximum likelihood as least divergence, section 6.2.2 for outputs as logits.
# - T. Salimans, A. Karpathy, X. Chen, D. Kingma, *PixelCNN++: Improving the PixelCNN with Discretized Logistic Mixture
#   Likelihood and Other Modifications*, ICLR 2017: section 2.1 for the mixture of section 5 here.
# - A. van den Oord, N. Kalchbrenner, K. Kavukcuoglu, *Pixel Recurrent Neural Networks*, ICML 2016: pixels as categorical
#   variables of 256 levels.
