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
# - split a loss into an entropy, which no model changes, and a divergence, which has two directions
# - let a network name a probability for every past, and train it by gradient ascent
# - build a discretized logistic mixture bin by bin, and choose between it and a categorical
#
# **Minutes** 75 · **Needs** chain rule; histogram density · **Teaches** maximum likelihood; KL divergence; discretized logistic mixture

# %% [markdown]
# The cell below holds the lesson's two parameters. `seed` changes every random choice; `quick` shortens the training.

# %% tags=["parameters"]
seed = 0
quick = False

# %%
import itertools
import math
from functools import partial

import sympy
import torch
from IPython.display import display
from torch import nn
from torch.nn import functional as F

import armod
from armod.figures.curves import curves
from armod.course.labs.mixture.picture import mixture_figure
from armod.course.labs.surface.picture import surface_figure
from armod.likelihoods import DiscretizedLogisticMixture, LogisticMixture
from armod.course.labs import choices, number, predict, predictions
from armod.course.labs import coin_lab, kl_lab, lesson_quiz, mixture_lab, surface_lab

torch.manual_seed(seed)
torch.set_num_threads(1)  # small tensors: a second thread costs more than it saves

# %% [markdown]
# ## 1. Which p explains the flips best?
#
# The chain rule asks for one conditional distribution after another. How do we choose the parameters of a single one?
#
# The smallest case is a bit. We take the pixel in the middle of a handwritten digit, and ask whether it holds ink. Over
# many digits that is a coin with an unknown probability $p$ of heads, a **Bernoulli** variable. Its
# probability mass function (lesson 4.2) gives each of the two values its probability: $p$ to a 1, and $1-p$ to a 0.
#
# A value of $p$ explains our digits well if it gives them a high probability. The flips are independent draws from the
# same coin (**i.i.d.**), so with $k$ heads in $n$ flips that probability is $L(p) = p^k (1-p)^{n-k}$. As a function of the
# data it would be a mass function. As a function of $p$, with the data fixed, it is called the **likelihood**. The value
# of $p$ with the highest likelihood is the **maximum-likelihood estimate**, written $\hat p$.


# %%
def nats(p, heads, flips):
    return heads * torch.log(p) + (flips - heads) * torch.log(1 - p)


grey = armod.data.load("digits28")
pixel = grey.train[:, 0, 14, 15].long()[torch.randperm(len(grey.train))]
ink = (pixel >= 128).double()
heads, share = int(ink[:10].sum()), ink.mean()
likelihood = torch.where(ink == 1, share, 1 - share).prod().item()
predict(
    f"{heads} of ten digits hold ink there. With p = 0.2 this has the probability {0.2**heads * 0.8 ** (10 - heads):.6f}, "
    f"with p = 0.5 it has {0.5**10:.6f}. We multiply the probabilities of all 4,000 flips, under the best p "
    "there is. What does the computer say?",
    choices(
        {"a number between 0.1 and 1": 0, "a number near 0.000001": 1, "exactly 0": 2},
        answer=2 if likelihood == 0 else 1 if likelihood < 0.1 else 0,
    ),
    reveal=f"Its logarithm is {nats(share, ink.sum(), 4000):.0f}, or {nats(share, share, 1):.3f} for each flip.",
)

# %% [markdown]
# <details><summary>What happened</summary>
#
# It says zero, and so it does for every other $p$. For 4,000 flips the product is smaller than the smallest float: it **underflows**.
#
# </details>
#
# The logarithm turns the product into a sum, and it keeps the order, so the same $p$ is best:
#
# $$\hat\theta = \arg\max_\theta \prod_i p_\theta(x_i) = \arg\max_\theta \sum_i \log p_\theta(x_i).$$
#
# This is why everybody maximises the **log-likelihood** $\ell$, in *nats*, or divided by $\ln 2$ in bits. For the coin it is
# $\ell(p) = k \log p + (n-k) \log (1-p)$. Its negative is what the data *cost*: our flips cost 0.685 nats each, close to the
# $\ln 2 = 0.693$ of a fair coin.
#
# ### The coin lab
#
# Turn coins by a click, or move the sliders. Find out:
#
# 1. Where is the peak for 3 heads of 4? For 30 of 40?
# 2. Move *Candidate p* to the peak. What does its slope become?
# 3. Turn all coins to heads. Where is the peak now, and is its slope zero?

# %% tags=["nbval-ignore-output"]
coin_lab(7, 10, 0.5)

# %% [markdown]
# The peak is at $k/n$. Its slope is zero, unless all flips are alike. The next section proves this.

# %% [markdown]
# ## 2. The derivation, checked three ways
#
# At a maximum inside $(0, 1)$ the derivative is zero:
#
# $$\frac{d\ell}{dp} = \frac{k}{p} - \frac{n-k}{1-p} = 0 \quad\Longrightarrow\quad k(1-p) = (n-k)\,p
# \quad\Longrightarrow\quad \hat p = \frac{k}{n}.$$
#
# The estimate is the share of heads. It is the only maximum if the second derivative is negative everywhere. Computer
# algebra checks each step without a single number.

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
# The second derivative
# is negative everywhere, and $-n / (\hat p (1 - \hat p))$ at the peak.
# The more flips, the stronger the curvature, and the sharper the peak. Minus this curvature is the **observed information**; its mean over the coin's data, $n/(p(1-p))$, is the **Fisher information**.
#
# Now the same with numbers, on our ten flips: autograd differentiates the code of the log-likelihood, twice, and a grid tries every $p$.

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
# All three ways give the same answer. Algebra proves it for every $k$ and $n$.
#
# ### At the edges
#
# The derivation needs a maximum *inside* $(0, 1)$. If all flips are heads, then $\ell(p) = n \log p$, whose slope $n/p$ is
# never zero: the highest point is the edge $p = 1$. The formula $k/n$ still holds, but it makes a tail impossible, and the
# first tail costs infinitely many nats. Is that a rare accident?

# %%
threes = ink[:3999].view(-1, 3).mean(1)
alike = ((threes == 0) | (threes == 1)).double().mean().item()
predict(
    "Somebody estimates p from three digits at a time. In how many percent of the cases are all three flips alike?",
    number(100 * alike, unit="%", low=0, high=100),
)

# %% [markdown]
# <details><summary>What happened</summary>
#
# About one triple in four is alike: the expected share $p^3 + (1-p)^3$ is at least $1/4$. Such an estimate is certain, and pays an
# infinite loss as soon as the next digit differs. A little
# smoothing takes the estimate off the edge. For a network, weight decay and **early stopping** have that task.
#
# </details>
#
# ### How sure is the estimate?
#
# Near its peak the log-likelihood is nearly a parabola. It falls by half a nat at a distance of
# $\sqrt{\hat p (1-\hat p) / n}$, one over the root of the information. So the curvature predicts how far $\hat p$ would
# scatter if we could collect the data again, its **standard error**. Our 4,000 digits let us try: we cut them into groups,
# and estimate $p$ in each.

# %%
places = torch.linspace(0.01, 0.99, 197, dtype=torch.float64)
peaks, width, scatter = {}, {}, {}
lines = ["```"]
for size in (10, 40, 100):
    width[size] = (share * (1 - share) / size).sqrt()
    scatter[size] = ink.view(-1, size).mean(1).std()
    lines.append(f"{size:3} flips: by the curvature ± {width[size]:.3f}, among groups {scatter[size]:.3f}")
    peaks[f"{size} flips"] = (nats(places, size * share, size) - nats(share, size * share, size)).exp()
narrower = round((width[10] / width[100]).item(), 1)
title = f"From 10 to 100 flips the peak becomes {narrower} times narrower"
picture = curves(places, peaks, title=title, xlabel="p", ylabel="likelihood, share of the best")
lines.append("```")
predict(
    "A hundred flips instead of ten, with the same share of heads. What happens to the peak of the likelihood?",
    choices(
        {"its width stays": 1, "it is 3 times narrower": 3, "it is 10 times narrower": 10},
        answer=round(narrower),
    ),
    reveal=[picture, "\n".join(lines)],
)

# %% [markdown]
# <details><summary>What happened</summary>
#
# 10 flips leave every $p$ from about
# 0.3 to 0.8 plausible, 100 flips those from about 0.48 to 0.64. The groups scatter as the curvature promised.
#
# </details>
#
# **Your turn.** How many flips does it take until the standard error of $\hat p$ is as small as `error`? Replace the dots, and
# run the cell again.


# %%
def flips_needed(p, error):
    return ...


for p, error in [(0.5, 0.05), (0.57, 0.01), (0.02, 0.002)]:
    if (n := flips_needed(p, error)) is not ...:
        curvature = torch.func.hessian(partial(nats, heads=n * p, flips=n))(torch.tensor(p))
        got = (-1 / curvature).sqrt().item()
        verdict = "right" if abs(got / error - 1) < 0.01 else "not yet"
        print(f"{verdict}: with {n:.0f} flips and p = {p} the error is {got:.4f}, {error} is due")

# %% [markdown]
# ## 3. How good is a likelihood?
#
# Is a loss of 4.3 bits good? Random data cost something under every model. The least that they can cost on average is
# their **entropy** $H(p) = -\sum_x p(x) \log p(x)$, in bits if the logarithm is to base 2. From here on $p$ is a whole
# distribution, the source of the data, and $q$ is a model.
#
# We make a source whose entropy is known: eight bits, the first a fair coin, each later one equal to its left neighbour
# with probability 0.9. There are only 256 sequences, so every mean below is an exact sum.

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
# The entropy is 4.28 bits: 1 for the first, 0.469 for each of the others.
#
# A model $q$ pays $-\log q(x)$ for a sequence $x$. Its mean loss on the source is the **cross-entropy**
# $-\sum_x p(x) \log q(x)$. What it pays beyond the entropy is the **Kullback-Leibler divergence**:
#
# $$\underbrace{-\sum_x p(x) \log q(x)}_{\text{cross-entropy}} \;=\; H(p) + KL(p \| q), \qquad
# KL(p \| q) = \sum_x p(x) \log \frac{p(x)}{q(x)}.$$
#
# Why can no model be better than the entropy? The line $t - 1$ touches the curve $\log t$ at $t = 1$, and the curve bends
# downwards, so $\log t \le t - 1$, and equal only at $t = 1$. Put $t = q(x)/p(x)$, and sum over all $x$ with $p(x) > 0$:
#
# $$-KL(p \| q) = \sum_x p(x) \log \frac{q(x)}{p(x)} \;\le\; \sum_x p(x) \left(\frac{q(x)}{p(x)} - 1\right)
# = \sum_x q(x) - \sum_x p(x) \;\le\; 1 - 1 = 0.$$
#
# So $KL(p \| q) \ge 0$, and it is 0 only if $q(x) = p(x)$ for all $x$. This is **Gibbs' inequality**.
#
# We try two families of models. *Independent bits* have one parameter, the probability of a 1, and *sticky bits* the
# probability of staying. The cell computes loss and divergence, each by its own formula, and asserts identity and
# inequality.

# %%
theta = torch.linspace(0.01, 0.99, 99, dtype=torch.float64)[:, None]
families = {"independent bits": nats(theta, every.sum(1).double(), 8), "sticky bits": sticky(theta)}
loss, above, marks = {}, {}, {}
for name, log_q in families.items():
    loss[name] = -(source * log_q).sum(1) / math.log(2)
    divergence = (source * (source.log() - log_q)).sum(1) / math.log(2)
    assert torch.allclose(loss[name], entropy + divergence, atol=1e-12)
    assert divergence.min() > -1e-12
    marks[name] = [(theta[divergence.argmin()].item(), loss[name].min().item())]
    above[name] = divergence.min().item()
title = "The best {} end {:.2f} bits above the entropy, the best {} {:.2f}"
title = title.format(*itertools.chain.from_iterable(above.items()))
axes = {"xlabel": "parameter of the family", "ylabel": "cross-entropy, bits", "ylim": (0, 16)}
predict(
    f"Eight bits have the entropy {entropy:.2f} bits. How many bits above it do the best independent bits end?",
    number(above["independent bits"], unit="bits", low=0, high=8),
    reveal=curves(
        theta.squeeze(1), loss, marks=marks, floor=("entropy of the source", entropy), title=title, **axes
    ),
)

# %% [markdown]
# <details><summary>What happened</summary>
#
# The dotted line is the floor. The dashed curve touches it at 0.9, where the model is the source. The solid curve never
# comes near: the best independent bits are fair coins, and lose 3.72 bits by not looking at their neighbour. **The distance to the floor is the divergence**, at every parameter.
#
# </details>
#
# ### Maximum likelihood is least divergence
#
# In real life we do not have the source, only $N$ draws from it. Let $\hat p_N(x)$ be the share of draws that equal $x$, the **empirical
# distribution**. The mean loss on the data is a cross-entropy, too, with the data in the place of the source:
#
# $$-\frac1N \sum_{i=1}^N \log q_\theta(x_i) = -\sum_x \hat p_N(x) \log q_\theta(x) = H(\hat p_N) + KL(\hat p_N \| q_\theta).$$
#
# This is exact for every $N$, even for one draw. $H(\hat p_N)$ does not depend on $\theta$. So the parameters of maximum
# likelihood *are* those of least divergence from the empirical distribution. As $N$ grows, $\hat p_N$ approaches the
# source, and then they are near those of least divergence from the source, which are the ones we want. How near for 100 draws?
#
# > **Precision.** The module's text calls the two equivalent. Their *minimisers* agree; their values differ by the data's
# > entropy, which no model changes. So the goal is not a loss of 0, but a divergence of 0. On real data nobody knows the
# > entropy, but the difference between two models' losses is the difference between their divergences: models can be
# > ranked.
#
# We draw 100 sequences, and fit two models: sticky bits, and a table of counts with one cell for each of the 256 sequences
# (smoothed by one imaginary draw, as in lesson 4.2).

# %%
train, new = torch.multinomial(source, 10_100, replacement=True).split([100, 10_000])
empirical = torch.bincount(train, minlength=256).double() / 100
floor = -torch.xlogy(empirical, empirical).sum().item() / math.log(2)
stay = repeats[train].mean() / 7  # k/n again: n = 700 chances to stay
fitted = {"sticky bits": sticky(stay), "table of counts": ((100 * empirical + 1 / 256) / 101).log()}
paid = {}
lines = ["```", f"entropy: of the source {entropy:.2f} bits, of the 100 draws {floor:.2f} bits"]
for name, log_q in fitted.items():
    paid[name] = [-log_q[part].mean().item() / math.log(2) for part in (train, new)]
    divergence = (torch.xlogy(empirical, empirical) - empirical * log_q).sum().item() / math.log(2)
    assert abs(paid[name][0] - (floor + divergence)) < 1e-9
    lines.append(f"{name:15} {paid[name][0]:.2f} bits on these draws, {paid[name][1]:.2f} bits on new ones")
(sticky_seen, sticky_new), (table_seen, table_new) = paid.values()
predict(
    "Which model has the lower loss on the 100 sequences, and which on 10,000 new ones?",
    choices(
        {
            "the table on both": (True, True),
            "the table on the 100, sticky bits on the new ones": (True, False),
            "sticky bits on the 100, the table on the new ones": (False, True),
            "sticky bits on both": (False, False),
        },
        answer=(table_seen < sticky_seen, table_new < sticky_new),
    ),
    reveal="\n".join([*lines, "```"]),
)

# %% [markdown]
# <details><summary>What happened</summary>
#
# On the draws that it has seen the table of counts is far better, and falls *below* the entropy of the source. The
# identity says why. The table is nearly the empirical distribution itself, so its loss is nearly $H(\hat p_N)$, the
# floor of the draws, which is lower than the source's.
# On new sequences the table is the worse model: its cells have learned the accidents of 100 draws. Sticky bits have one number to learn. A training loss below the source's entropy is memory, not knowledge:
# **overfitting**.
#
# </details>
#
# ### Which way round?
#
# $KL(p \| q)$ is no distance: $KL(q \| p)$ is another number. Maximum likelihood minimises $KL(\text{data} \| \text{model})$,
# the **forward** divergence. It asks what the *data* cost under the model. The **reverse** divergence
# $KL(\text{model} \| \text{data})$ asks what the model's own *samples* cost under the data's distribution. Lesson 4.7.2
# trains a fast student that way, by its own samples. Does it matter? Take a source with two heaps, and a model too simple
# for it, a single bell.


# %%
def kl(p, q):
    return (torch.xlogy(p, p) - torch.xlogy(p, q)).sum(-1)


def bell(mean, width):
    return torch.softmax(-(((levels - mean) / width) ** 2) / 2, -1)


levels = torch.arange(32, dtype=torch.float64)
bells = bell(torch.arange(0, 31.1, 0.25)[:, None, None], torch.arange(0.5, 12.1, 0.1)[:, None]).flatten(0, 1)
heap = bell(8, 2)
heaps = 0.6 * heap + 0.4 * bell(23, 2)
one_way, other_way = kl(heap, bells).argmin(), kl(bells, heap).argmin()
assert one_way == other_way  # one heap: the bell is right, and both ways find it
forward, reverse = bells[kl(heaps, bells).argmin()], bells[kl(bells, heaps).argmin()]
shown = {"source": heaps, "forward bell": forward, "reverse bell": reverse}
on_first = reverse[:16].sum().item()
predict(
    "A source has two heaps, around 8 (60 %) and around 23 (40 %). The bell of least KL(source‖bell) spreads over "
    "both. Where is the bell of least KL(bell‖source)?",
    choices(
        {"over both, too": 0, "on the heap around 8": 1, "on the heap around 23": 2, "between the heaps": 3},
        answer=1 if on_first > 0.99 else 2 if on_first < 0.01 else 0 if reverse[16] < 0.02 else 3,
    ),
    reveal=[
        curves(levels, shown, title="One bell for two heaps", xlabel="level", ylabel="probability"),
        kl_lab(least="q‖p"),
    ],
)

# %% [markdown]
# <details><summary>What happened</summary>
#
# On one heap; it forgets the other. Look at the two sums. In $\sum p \log(p/q)$ a place where the source is and the
# model is not costs without bound, so the forward bell **covers every mode**, and puts much of its mass between them,
# where the source has almost nothing. In $\sum q \log(q/p)$ a place where the *model* is and the source is not costs without bound.
# A place that the model forgets costs nothing, since $q = 0$ there. So the reverse bell **seeks one mode**, and collapses
# onto it.
#
# The cause is the model's simplicity: with a single heap both ways find the same bell. Pull the lab's
# heaps together: at distance 10 the reverse bell jumps, and covers both. A model that is too simple errs by blurring
# under maximum likelihood, by leaving out under the reverse divergence.
#
# </details>

# %% [markdown]
# ## 4. From one p to a network
#
# For a coin there is a formula. For a network there is none, so we follow the gradient of the log-likelihood. Let us
# climb where the answer is known, and see what can go wrong. One climber moves $p$ itself. The other moves the **logit**
# $\theta$, a number without bounds, and uses $p = \sigma(\theta) = 1/(1 + e^{-\theta})$. Both start from $p = 0.5$, and move by
# a *step* (the **learning rate**) times the slope of $\ell/n$.


# %%
def climb(start, to_p, share, step):
    at = torch.tensor(start, dtype=torch.float64, requires_grad=True)
    for update in range(1, 3001):
        (slope,) = torch.autograd.grad(nats(to_p(at), share, 1), at)
        at = (at + step * slope).detach().requires_grad_()
        if not 0 < to_p(at) < 1:
            return f"p = {to_p(at):.2f} after {update}"
        if abs(to_p(at) - share) < 0.01 * (1 - share):
            return f"there after {update}"


ways = {"p": (0.5, lambda p: p), "logit": (0.0, torch.sigmoid)}
tried = list(itertools.product((0.9, 0.99, 0.999), (("p", 0.1), ("p", 0.001), ("logit", 4.0))))
found = {(share, *way): climb(*ways[way[0]], share, way[1]) for share, way in tried}
is_there = [found[0.99, *way].startswith("there") for way in (("p", 0.1), ("logit", 4.0))]
lines = [f"{s:5} heads, {way:5} by {step:5} slopes: {end} updates" for (s, way, step), end in found.items()]
predict(
    "One climber moves p by 0.1 times the slope, the other the logit by 4 times the slope. Both find a share of heads of "
    "0.9. Which of them finds 0.99?",
    choices(
        {
            "both": [True, True],
            "p alone": [True, False],
            "the logit alone": [False, True],
            "neither": [False, False],
        },
        answer=is_there,
    ),
    reveal="\n".join(["```", *lines, "```"]),
)

# %% [markdown]
# <details><summary>What happened</summary>
#
# The first climber jumps over the edge. With a step of 0.001 it arrives, even at 0.999, and sooner than the logit. So in $p$ the right step depends on the answer. A step is too long if it is more
# than two over the curvature, and in $p$ the information of one flip is $1/(p(1-p))$, which has no bound. In the logit it is
# $p(1-p)$, never more than $1/4$. So every step below 8 is safe, wherever the peak is.
#
# </details>
#
# **Your turn.** The logit makes the slope simple, too. By the chain rule of calculus
# $\frac{d\ell}{d\theta} = \frac{d\ell}{dp} \cdot \frac{dp}{d\theta}$, with the $\frac{d\ell}{dp}$ of section 2 and
# $\frac{dp}{d\theta} = p(1-p)$. What is left when you multiply it out? Replace the dots by a formula without a fraction. The cell
# compares it with autograd, through the loss that torch calls *binary cross-entropy with logits*.


# %%
def slope_by_logit(theta, k, n):  # k heads in n flips; torch.sigmoid(theta) is p
    return ...


for k, n in [(9, 10), (0, 4), (3, 3)]:
    theta = torch.tensor(1.5, requires_grad=True)
    x = (torch.arange(n) < k).float()
    bce = F.binary_cross_entropy_with_logits(theta.expand(n), x, reduction="sum")
    assert torch.isclose(-bce, nats(theta.sigmoid(), k, n))
    (due,) = torch.autograd.grad(-bce, theta)
    mine = slope_by_logit(theta.detach(), k, n)
    if mine is not ...:
        verdict = "right" if torch.isclose(mine, due, atol=1e-5) else "not yet"
        print(f"{verdict}: with {k} heads in {n} flips you say {mine:.3f}, autograd {due:.3f}")

# %% [markdown]
# <details><summary>The answer</summary>
#
# $\frac{d\ell}{d\theta} = k(1-p) - (n-k)p = k - n\,\sigma(\theta)$, in code `k - n * torch.sigmoid(theta)`. It is
# the data minus the model.
#
# </details>
#
# The assertion in the cell says that *binary cross-entropy with logits* is minus the log-likelihood of a coin.
#
# A logit has no bounds, so a network can output it. Our pixel is one variable of an image; in raster order 407
# pixels come before it. The network reads them and gives one logit: a different coin for every past. We train two
# networks. One sees all 407 earlier pixels, the other only those 24 that are at most three rows or columns away.
#
# The rival has no network. It counts: for each pattern of the four earlier pixels that touch ours,
# what is the share of ink? That is $k/n$ for each of 16 pasts.


# %%
def bit(images):
    return images[:, 0, 14, 15].float()


def near(images, reach):  # the earlier pixels that are at most `reach` rows and columns away
    around = images[:, 0, 14 - reach : 15, 15 - reach : 16 + reach].flatten(1)
    return around[:, : -1 - reach].float()


black = grey.binarize()
place = torch.tensor([8.0, 4.0, 2.0, 1.0])
past, new_past = ((near(part, reach=1) @ place).long() for part in (black.train, black.test))
ones, flips = (torch.bincount(past, weights=each, minlength=16) for each in (bit(black.train), None))
counted = (ones + 0.5) / (flips + 1)  # k/n for each of 16 pasts, half a digit added to either side
alone, four = (
    F.binary_cross_entropy(p.float(), bit(black.test)).item() / math.log(2)
    for p in (bit(black.train).mean().expand(500), counted[new_past])
)
print(f"bits on test digits: one p for all {alone:.2f}, a p for each pattern of four neighbours {four:.2f}")

# %% [markdown]
# Four neighbours save more than half of the bits. Now we train the networks. We draw their loss on the digits that they learn from (*train*) and on 500 others (*valid*), and stop where the second is lowest.


# %%
def learn(past, seed, units=32):  # bits on the training, validation and test digits, after each update
    torch.manual_seed(seed)
    parts = [(past(part), bit(part)) for part in (black.train, black.valid, black.test)]
    size = parts[0][0].shape[1]
    network = nn.Sequential(nn.Linear(size, units), nn.ReLU(), nn.Linear(units, 1), nn.Flatten(0))
    optimizer = torch.optim.AdamW(network.parameters(), 0.03, weight_decay=0.3)
    history = []
    for _ in range(60):
        losses = [F.binary_cross_entropy_with_logits(network(x), y) / math.log(2) for x, y in parts]
        history.append([loss.item() for loss in losses])
        optimizer.zero_grad()
        losses[0].backward()
        optimizer.step()
    return torch.tensor(history).T


# %% [markdown]
# We train each network from three seeds. A control comes along: a network that sees the 24 near pixels, and has so many hidden
# units that it has as many weights as the one that sees everything.

# %%
close, everything = partial(near, reach=3), lambda images: images.flatten(1)[:, :407].float()
pasts = {"24 near": (close, 32), "all 407": (everything, 32), "24 near, 503 units": (close, 503)}
several = range(seed, seed + (1 if quick else 3))
runs = {name: [learn(past, each, units) for each in several] for name, (past, units) in pasts.items()}
ends = {name: [run[2, run[1].argmin()].item() for run in each] for name, each in runs.items()}
lines = {f"{p}, {part}": runs[p][0][k] for p in [*pasts][:2] for k, part in enumerate(("train", "valid"))}
seeds = {name: ", ".join(f"{end:.2f}" for end in each) for name, each in ends.items()}
predict(
    f"Counting with four neighbours needs {four:.2f} bits. Which network is better than that on the test digits?",
    choices(
        {
            "both": [True, True],
            "only the one that sees 24 pixels": [True, False],
            "only the one that sees all 407": [False, True],
            "neither": [False, False],
        },
        answer=[max(ends[name]) < four for name in ("24 near", "all 407")],
    ),
    reveal=[
        curves(range(60), lines, title="Two pasts", xlabel="updates", ylabel="bits", ylim=(0, 1.1)),
        "Bits on test digits, each seed: " + "; ".join(f"{name}: {end}" for name, end in seeds.items()),
    ],
)

# %% [markdown]
# <details><summary>What happened</summary>
#
# The network with 24 near pixels needs about 0.36 bits, and is better than counting. The one that sees everything is *no
# better* than counting four pixels: 0.42 to 0.45 bits. The curves say why. On the digits that it learns from, its loss
# falls to less than 0.3 bits, and on others it stops far above. It learns accidents of its 4,000 digits, as the table did. The near network has the same hidden layer and the
# same training, and its two curves stay together.
#
# Is it the past, or the 13,000 weights? The control has 13,000 weights, too, and needs 0.36 bits. So it is the past: it can hurt
# a model that has to learn from few data where to look.
#
# </details>
#
# This is one conditional $p_\theta(x_d \mid x_{<d})$ of the chain rule. The rest of the course is about the network; what remains here is its output.

# %% [markdown]
# ## 5. Levels that know their neighbours
#
# A **categorical** distribution has one logit for each level, made into probabilities by a softmax. Its maximum-likelihood
# estimate is again a share: $\hat p_k = n_k / n$, the histogram. A categorical can take any shape. But what it learns about level 200 says nothing about level 201.
#
# Grey levels are quantities. So fewer numbers may do. Take a **logistic** distribution on the real line: its
# cumulative probability is a sigmoid, $F(x) = \sigma((x - \text{mean}) / \text{scale})$. Cut the line into bins of width
# 1 around the levels. The probability of a level is the difference of $F$ at the two ends of its bin. The first bin has no
# lower end and the last no upper one: they take the rest. This is a **discretized logistic** distribution.


# %%
def one_logistic(mean, scale, num_levels):
    ends = torch.arange(num_levels - 1, dtype=torch.float64) + 0.5
    below = torch.sigmoid((ends - mean) / scale)
    return below.diff(prepend=torch.zeros(1), append=torch.ones(1))


near_edge, lost = one_logistic(1.0, 2.0, 32), torch.sigmoid(torch.tensor((-0.5 - 1.0) / 2.0)).item()
assert abs(near_edge.sum() - 1) < 1e-12
title = f"Level 0 has {near_edge[0]:.0%} of the probability, {lost:.0%} from below it: nothing is lost"
mixture_figure([(1.0, 2.0, 1.0)], 32, title=title)

# %% [markdown]
# The differences of neighbours telescope: all that is left of their sum is the last value minus the first, $1 - 0$, whatever
# the mean and the scale are. In the picture the hatched bars in the margin are mass where no level is; the hatched part of level 0 is
# the same mass, counted where it belongs.
#
# A **mixture** adds several, with weights. Does ours agree with the library's? And what happens to a level far out in a tail?

# %%
weights, means, scales = torch.tensor([[0.5, 0.3, 0.2], [3.0, 20.0, 40.0], [1.0, 4.0, 0.5]]).double()
mine = sum(w * one_logistic(m, s, 32) for w, m, s in zip(weights, means, scales, strict=True))
half = 15.5  # the library measures means and scales in half ranges, from the middle
library = DiscretizedLogisticMixture(weights.log(), means / half - 1, (scales / half).log(), 32)
assert torch.allclose(mine, library.probs)
far = one_logistic(31.0, 0.01, 32)[10].log().item()
narrow = DiscretizedLogisticMixture(*torch.tensor([[0.0], [1.0], [math.log(0.01 / half)]]), 32)
print(f"2,050 scales away: {far} nats by subtraction, {narrow.log_prob(torch.tensor(10)):.0f} by the library")

# %% [markdown]
# The probabilities are the same, with one difference that matters in training. Far from the mean both values of $F$ round to 0;
# their difference has the logarithm $-\infty$, and no gradient leads back from there. The library never subtracts. It works with
# $\log F(b) + \log(1 - F(a)) + \log(1 - e^{a-b})$, where $a$ and $b$ are the ends of the bin in scales from the mean. It is the same, and finite.

# %% [markdown]
# ## 6. Climbing a surface
#
# A coin has one parameter, a logistic has two: its log-likelihood is a surface. We climb in the mean and the logarithm of the scale, which has no bounds to jump over. Nine points
# lie in a heap around level 7; then a tenth, a stray point, is added on level 15.


# %%
def ascend(points):
    at = torch.tensor([3.0, math.log(2.26)], dtype=torch.float64, requires_grad=True)
    path = []
    for _ in range(500):
        mean, log_scale = at
        path.append((mean.item(), log_scale.exp().item()))
        (slope,) = torch.autograd.grad((points * one_logistic(mean, log_scale.exp(), 16).log()).sum(), at)
        at = (at + 0.05 * slope).detach().requires_grad_()
    return path


points = torch.tensor([0, 0, 0, 0, 1, 0, 2, 3, 2, 0, 1, 0, 0, 0, 0, 0])
stray = points + F.one_hot(torch.tensor(15), 16)
path, stray_path = ascend(points), ascend(stray)
(mean, scale), (stray_mean, stray_scale) = path[-1], stray_path[-1]
title = f"To mean {stray_mean:.2f}, scale {stray_scale:.2f}; without the stray to {mean:.2f}, {scale:.2f}"
predict(
    "The stray point moves the average of the points by 0.8 levels. By how many levels does it move the mean of the best "
    "logistic distribution?",
    number(stray_mean - mean, unit="levels", low=0, high=1),
    reveal=surface_figure(stray.tolist(), path=stray_path, title=title),
)

# %% [markdown]
# <details><summary>What happened</summary>
#
# By 0.41, half as far as the average: the tails of a logistic are heavier than a Gaussian's, and allow for strays. The stray point
# acts more on the scale, which becomes 1.7 times as wide. In the picture the climb begins at the white dot. The scale
# grows first: a wide distribution finds far points less surprising. Then both move to the summit (yellow).
#
# </details>
#
# In the lab, put points on 16 levels; the maximiser is yellow. Find out:
#
# 1. Choose *two heaps*. What does one bell make of them?
# 2. Choose *all on one level*. Is there a best scale?
# 3. Choose *heaped on the edge*. Where is the maximiser?
# 4. Climb with step size 8 in the scale, then in its logarithm.

# %% tags=["nbval-ignore-output"]
surface_lab()

# %% [markdown]
# One bell spreads over both heaps, as least forward divergence does. Points on one level make the scale shrink without
# end, like the coin that always shows heads. And points heaped on level 0 are best explained by a mean *below* level 0,
# where no level is.

# %% [markdown]
# ## 7. A real pixel
#
# The lab draws the histogram of our pixel, on 32 coarse levels, as an outline. The title says how many bits a pixel costs,
# and how many of them are divergence. How close do you come with three components, and *Fit*?

# %% tags=["nbval-ignore-output"]
coarse = torch.bincount(pixel // 8, minlength=32)
mixture_lab([(15.5, 2.0, 5)], coarse.tolist())

# %% [markdown]
# Two narrow components with means just beyond the edges, and a wide third one, come within 0.1 bits.
#
# Now all 256 levels, by gradient ascent: `armod.fit` takes steps along the slope. A mixture of three has 8 free
# numbers, a categorical 255. We fit both to the
# first $n$ training digits, and measure on the 500 test digits. The categorical gets a part of an imaginary digit at
# every level, for otherwise an unseen level would cost infinitely much. The validation digits choose how large a part.


# %%
def fit_mixture(levels):  # a network without inputs or hidden units: its 9 biases are the mixture
    model = armod.MADE((1,), [], likelihood=LogisticMixture(256, 3)).start_from_marginals(levels[:, None])
    armod.fit(model, levels[:, None], epochs=150, batch_size=4000, learning_rate=0.05, progress=False)
    return model.conditionals(torch.zeros(1, 1)).probs.flatten().detach()


def fit_categorical(levels):
    counts = torch.bincount(levels, minlength=256)
    smoothed = [(counts + part) / (len(levels) + 256 * part) for part in (0.02, 0.05, 0.1, 0.2, 0.5, 1, 2)]
    return min(smoothed, key=lambda probs: -probs.log()[grey.valid[:, 0, 14, 15].long()].mean())


sizes = (50, 200, 1000, 4000)
families = {"categorical (255 numbers)": fit_categorical, "3 logistics (8 numbers)": fit_mixture}
fits = {name: [fit(pixel[:size]) for size in sizes] for name, fit in families.items()}
unseen = grey.test[:, 0, 14, 15].long()
bits = {name: [-probs.log2()[unseen].mean().item() for probs in each] for name, each in fits.items()}
wins = [size for size, many, few in zip(sizes, *bits.values(), strict=True) if many < few]
predict(
    "From how many training digits on is the categorical better on the test digits?",
    choices(
        {**{f"from {size:,} on": size for size in sizes}, "not even with 4,000": None},
        answer=min(wins, default=None),
    ),
    reveal=[
        curves(
            sizes,
            bits,
            title="With all digits: " + ", ".join(f"{each[-1]:.2f} {name}" for name, each in bits.items()),
            xlabel="training digits",
            ylabel="bits on test digits",
            log_x=True,
        ),
        curves(
            range(256),
            {name: each[-1] for name, each in fits.items()},
            title="The fits to all training digits",
            xlabel="level",
            ylabel="probability",
            log_y=True,
        ),
    ],
)

# %% [markdown]
# <details><summary>What happened</summary>
#
# The categorical never wins. With 50 digits the mixture is near its final 5.3 bits already; the
# categorical needs all 4,000 to come within some hundredths of a bit. Its freedom has to be paid for in data,
# level by level; the mixture shares what it learns among neighbours.
#
# In the second picture it jumps from level to level, by chance; the mixture is smooth.
#
# </details>
#
# A network is at the left end: for each past it has seen few examples, or none. The paper on PixelCNN++, which ends in such
# mixtures, gives this as one of its reasons: a softmax does not know that 128 lies near 127 and 129, and has to learn it.

# %% [markdown]
# ## Summary
#
# - Maximum likelihood picks the parameters under which the data is most probable; it maximises a sum of logarithms.
# - For a coin that is $\hat p = k/n$; the curvature $-n/(\hat p(1-\hat p))$ says how sure it is; at the edges it is too sure.
# - Cross-entropy is the data's entropy plus the divergence of the model, for any amount of data. Only the second can be learned away.
# - Least KL(data‖model) covers every heap of the data; least KL(model‖data) settles on one.
# - Logits have a safe step everywhere; training a network's logits by cross-entropy *is* maximum likelihood.
# - A discretized logistic mixture gives neighbouring levels similar probabilities; its outer bins take the tails, so it sums to 1.

# %% tags=["nbval-ignore-output"]
display(predictions())
lesson_quiz("4_3_maximum_likelihood")

# %% [markdown]
# ## Exercises
#
# [Your own copy of the exercises](my_exercises/4_3_maximum_likelihood.ipynb) opens in JupyterLab. Each answer is checked as
# soon as you run it.
#
# ## Further reading
#
# - I. Goodfellow, Y. Bengio, A. Courville, *Deep Learning*: section 3.13 for entropy and the KL divergence and its two
#   directions (figure 3.6), section 5.5 for maximum likelihood as least divergence, section 6.2.2 for outputs as logits.
# - T. Salimans, A. Karpathy, X. Chen, D. Kingma, *PixelCNN++: Improving the PixelCNN with Discretized Logistic Mixture
#   Likelihood and Other Modifications*, ICLR 2017: section 2.1 for the mixture of section 5 here.
# - A. van den Oord, N. Kalchbrenner, K. Kavukcuoglu, *Pixel Recurrent Neural Networks*, ICML 2016: pixels as categorical
#   variables of 256 levels.
#
# ---
#
# [← 4.2 Histograms: counting, and where it stops](4_2_histograms.ipynb) · [The course map](index.ipynb) · [4.4 Recurrent networks: a past of any length in one state →](4_4_recurrent_networks.ipynb)
