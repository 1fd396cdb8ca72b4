# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Exercises for 4.5.1 MADE
#
# **Can you build a MADE's masks, mend a wrong likelihood, and complete a digit?**
#
# There are ten exercises, from counting on paper to one stretch problem. They follow the lesson: degrees and masks
# come from its section 2, orderings from 4, training from 5, sampling and completion from 6 and 7, ensembles from 9.
#
# Each exercise says how hard it is and how long it takes. Replace the `...` by your own code, run the cell, then the
# check below it: it says what to look at next. Hints unfold one by one; try before you open them.
#
# A function that you write leaves the tensors and lists that it is given as they are; the checks look.
#
# *Your own copy of this notebook is `my_exercises/4_5_1_made.ipynb`; updates of the course never touch it. The original in `exercises/` they replace.*

# %% [markdown]
# Each time you open this notebook, first run the cells from here to the first exercise (Shift + Enter), and in each
# exercise the cells above yours.
#
# The cell below holds the notebook's parameters. `student` is your own number: some exercises ask for numbers, and it
# draws the networks that are yours alone.

# %% tags=["parameters"]
seed = 0
quick = False
student = 0

# %%
import itertools
import math
from itertools import pairwise

import torch
from torch import nn
from torch.distributions import Bernoulli
from torch.nn import functional as F

import armod
from armod.figures.images import image_grid
from armod.models.made.masks import hidden_degrees, masks

torch.set_num_threads(1)
bits = armod.likelihoods.Bernoulli()

# %% [markdown] tags=["statement:made-counts"]
# ## 1. Count before you build
#
# **Difficulty** easy · **Time** 8 minutes · **Worth** 5 points
#
# The cell below draws a small network of your own: seven variables in an ordering, and one hidden layer of nine units with
# their degrees. `ordering[k]` is the variable that is generated k-th. Work the numbers out on paper first. Then write
# them down, or write code that finds them.
#
# - `inputs_seen`: a list of seven numbers. How many *different* inputs have a path to output `d`, for `d` = 0, 1, ..., 6?
# - `weights_kept`: a list of two numbers. How many weights survive in the mask into the hidden layer, and how many in the
#   mask into the outputs?
# - `fewest_units`: one number. If you may choose the degrees, how few hidden units are enough for every output to see
#   *all* variables before it?
#
# <details><summary>Hint 1 of 3</summary>
#
# Draw the three rows of units: inputs, hidden units, outputs. Write a degree on each. What does the ordering say about the degree of an input?
#
# </details>
#
# <details><summary>Hint 2 of 3</summary>
#
# For one output: cross out the hidden units that it may not use. Which inputs do the others see, all together? An input that is seen twice is still one input.
#
# </details>
#
# <details><summary>Hint 3 of 3</summary>
#
# The unit with the largest degree sees all that the others see, and perhaps more. So an output sees as many inputs as the largest degree that it may use. In a mask, count unit by unit: how many weights to inputs does a hidden unit of degree m keep, and how many to outputs?
#
# </details>

# %%
cycle = armod.orderings.random((7,), seed=student)
ordering = torch.empty_like(cycle)
ordering[cycle] = cycle.roll(1)
degrees = (armod.orderings.random((4,), seed=student)[:3] + 1).repeat(3)
print("ordering:", ordering.tolist(), "- degrees of the hidden units:", degrees.tolist())

# %% tags=["answer:made-counts"]
inputs_seen = ...
weights_kept = ...
fewest_units = ...

# %% tags=["check:made-counts"]
armod.check("made-counts")

# %% [markdown] tags=["statement:made-degrees"]
# ## 2. Degrees that waste no unit
#
# **Difficulty** medium · **Time** 10 minutes · **Worth** 7 points
#
# Write `my_degrees(num_variables, hidden_sizes, seed)`. It returns a list with one integer tensor for each hidden layer,
# and in it one random degree for each unit. No unit may be wasted:
#
# - each sees at least one input, and at least one output may use it;
# - in a deeper layer, each finds at least one unit below that it may look at.
#
# All degrees that waste nothing shall be equally likely. The seed decides everything, by one `torch.Generator` of your
# own; the global generator stays as it is. With a single variable there is nothing to look at: there every degree is 0.
#
# <details><summary>Hint 1 of 3</summary>
#
# Which degree would make a unit that sees nothing? Which one would make a unit that no output may use?
#
# </details>
#
# <details><summary>Hint 2 of 3</summary>
#
# In the second hidden layer a unit may look at units of at most its own degree. If its degree is smaller than all degrees below it, what is left to look at?
#
# </details>
#
# <details><summary>Hint 3 of 3</summary>
#
# `torch.randint(low, high, (size,), generator=...)` draws from low up to high - 1, and it refuses an empty range. Begin with low = 1; after each layer, low becomes the smallest degree that was drawn.
#
# </details>


# %% tags=["answer:made-degrees"]
def my_degrees(num_variables, hidden_sizes, seed):
    """One random degree for each hidden unit: a tensor for each layer."""
    ...  # your code


# %% tags=["check:made-degrees"]
armod.check("made-degrees")

# %% [markdown] tags=["statement:made-masks"]
# ## 3. Masks for any ordering
#
# **Difficulty** medium · **Time** 15 minutes · **Worth** 7 points
#
# Write `my_masks(ordering, degrees)`. `ordering[k]` is the variable that is generated k-th (an integer tensor of shape
# `(D,)`), `degrees` a list with one integer tensor for each hidden layer. Return a list of masks, one for each weight
# matrix from the inputs up to the outputs, each of shape `(units above, units below)`: 1 keeps a weight, 0 removes it.
# Inputs and outputs keep the variables' own numbering, whatever the ordering.
#
# <details><summary>Hint 1 of 3</summary>
#
# A mask has one row for each unit above and one column for each unit below. Write down both degrees of one weight: may the unit above look at what the unit below has seen?
#
# </details>
#
# <details><summary>Hint 2 of 3</summary>
#
# The degree of variable `d` is its place in the ordering, counted from 1: variable `ordering[0]` has degree 1. `torch.argsort` turns “who comes k-th” into “when does d come”.
#
# </details>
#
# <details><summary>Hint 3 of 3</summary>
#
# Compare the degrees of two neighbouring layers as a column against a row, `above[:, None]` and `below[None, :]`. Between inputs and hidden layers equal degrees may connect. Ask of the last mask alone: would equal degrees let a variable see itself?
#
# </details>


# %% tags=["answer:made-masks"]
def my_masks(ordering, degrees):
    """One 0/1 mask for each weight matrix, from the inputs up."""
    ...  # your code


# %% tags=["check:made-masks"]
armod.check("made-masks")

# %% [markdown] tags=["statement:made-leaks"]
# ## 4. Find the bug: a likelihood too good
#
# **Difficulty** medium · **Time** 12 minutes · **Worth** 6 points
#
# Below are two likelihoods of a MADE with one hidden layer, in the natural ordering. The first takes the module's text at
# its word and has one mask. The second has been published. Both are wrong.
#
# - `leaks_without` and `leaks_published`: take eight variables, with the hidden degrees that the cell draws for you. In
#   how many *forbidden pairs* (output `d`, input `j` with `j` ≥ `d`) does a path lead from the input to the output? One
#   number for each of the two functions.
# - `mended_log_prob(x, weights, biases, degrees)`: the right one, with the same arguments. Nothing may leak, and every
#   output shall still use all that it may. The caller's tensors stay as they are.
#
# <details><summary>Hint 1 of 3</summary>
#
# Add up the “probabilities” of all observations of two or three bits under each of the two functions.
#
# </details>
#
# <details><summary>Hint 2 of 3</summary>
#
# Without an output mask every output uses every hidden unit. So what do all outputs see, if the largest degree is M? In the published code follow one path only: from input d to a hidden unit of degree d, and up to output d.
#
# </details>
#
# <details><summary>Hint 3 of 3</summary>
#
# Masks multiply weights. `F.linear(hidden, weights[1] * mask, biases[1])` with a mask of one row for each output and one column for each hidden unit; the comparison of the two degrees is strict.
#
# </details>


# %%
def textbook_log_prob(x, weights, biases, degrees):
    """Log-likelihood (N,) of bits x (N, D); two weights and two biases, degrees (hidden units,)."""
    place = torch.arange(1, x.shape[1] + 1)
    hidden = F.linear(x, weights[0] * (degrees[:, None] >= place[None, :]), biases[0]).relu()
    return Bernoulli(logits=F.linear(hidden, weights[1], biases[1])).log_prob(x).sum(1)


def published_log_prob(x, weights, biases, degrees):
    """The same with an output mask, as published."""
    place = torch.arange(1, x.shape[1] + 1)
    hidden = F.linear(x, weights[0] * (degrees[:, None] >= place[None, :]), biases[0]).relu()
    logits = F.linear(hidden, weights[1] * (place[:, None] >= degrees[None, :]), biases[1])
    return Bernoulli(logits=logits).log_prob(x).sum(1)


(eight_degrees,) = hidden_degrees(7, [8], seed=student)  # nobody looks at inputs 7 and 8
print("eight variables, and hidden units of degrees", eight_degrees.tolist())


# %% tags=["answer:made-leaks"]
leaks_without = ...
leaks_published = ...


def mended_log_prob(x, weights, biases, degrees):
    """Log-likelihood (N,) of bits x (N, D); two weights and two biases, degrees (hidden units,)."""
    ...  # your code


# %% tags=["check:made-leaks"]
armod.check("made-leaks")

# %% [markdown] tags=["statement:made-switching"]
# ## 5. Find the bug: the weights that vanish
#
# **Difficulty** medium · **Time** 12 minutes · **Worth** 6 points
#
# With order-agnostic training one set of weights serves several masks in turn. The layer below, whose bug has been
# published too, takes its mask in each pass. Its method `gradient` says what an optimizer would be told.
#
# - `weights_left`: the cell makes a layer of 30 weights, none of them 0, and two masks: of the natural ordering and of one
#   of your own. After one pass with the first mask and one with the second, how many weights are left?
# - `MendedLinear`: write a `forward` that gives the right outputs for any mask in any turn and leaves the weights as they
#   are. A masked weight must get a gradient of exactly 0.
#
# <details><summary>Hint 1 of 3</summary>
#
# Print `layer.weight` after the first pass, and again after the second. What does `*=` do to what was there?
#
# </details>
#
# <details><summary>Hint 2 of 3</summary>
#
# A weight lives only if *both* masks keep it. For the mending: each pass needs a masked weight, but only for as long as this pass lasts.
#
# </details>
#
# <details><summary>Hint 3 of 3</summary>
#
# Make a new tensor from the parameter and the mask inside `forward`, without `.data` and without `*=`, and hand that to `F.linear`. Then autograd multiplies the gradient by the mask for you.
#
# </details>


# %%
class PublishedLinear(nn.Module):
    """A linear layer that is given its mask, of the weight's shape, in each pass."""

    def __init__(self, weight, bias):
        super().__init__()
        self.weight, self.bias = nn.Parameter(weight), nn.Parameter(bias)

    def forward(self, x, mask):
        self.weight.data *= mask
        return F.linear(x, self.weight, self.bias)

    def gradient(self, x, mask):
        total = self(x, mask).sum()
        return torch.autograd.grad(total, self.weight, allow_unused=True, materialize_grads=True)[0]


natural, mine = torch.arange(6), armod.orderings.random((6,), seed=student)
first_mask, second_mask = (masks(order, [torch.arange(1, 6)])[0] for order in (natural, mine))
layer = PublishedLinear(torch.ones(5, 6), torch.zeros(5))
print("first mask:", *first_mask.int().tolist(), "second mask:", *second_mask.int().tolist(), sep="\n")

# %% tags=["answer:made-switching"]
weights_left = ...


class MendedLinear(PublishedLinear):
    """The same layer, with weights that last."""

    def forward(self, x, mask):
        """The outputs (N, units above) under this mask."""
        ...  # your code


# %% tags=["check:made-switching"]
armod.check("made-switching")

# %% [markdown] tags=["statement:made-ensemble"]
# ## 6. Find the bug: averaging logits is no likelihood
#
# **Difficulty** medium · **Time** 15 minutes · **Worth** 6 points
#
# Three members with three orderings, on four bits. The cell below computes the logits of every member for all 16
# observations, of shape `(3, 16, 4)`, and the likelihood that a well-known implementation makes of them.
#
# - `mass`: what do its 16 “probabilities” add up to? Find it by your own code; three digits are enough.
# - `ensemble_log_prob(logits, x)`: the log-likelihood `(N,)` of the members' mixture, from their logits `(M, N, D)` and the
#   bits `x` `(N, D)`. It must hold for a whole image of 784 pixels as well.
#
# <details><summary>Hint 1 of 3</summary>
#
# The total of a likelihood is a sum over *all* observations of p(x). There are 16 of four bits.
#
# </details>
#
# <details><summary>Hint 2 of 3</summary>
#
# Each member is a distribution over whole observations: first its own log-likelihood of x, a sum over the variables. Only then comes the average over the members, and it is one of probabilities.
#
# </details>
#
# <details><summary>Hint 3 of 3</summary>
#
# The mean of M probabilities, given their logarithms: `torch.logsumexp` over the members, and then the division by M as a difference of logarithms.
#
# </details>

# %%
ensemble = armod.MADE((4,), [32], likelihood=bits, num_masks=3, seed=student).double()
with torch.no_grad():
    for linear in ensemble.layers:  # as if it were trained: its members have learned that ones go with ones
        linear.weight.abs_().mul_(5)
    ensemble.layers[-1].bias -= 3
    everything = torch.tensor(list(itertools.product([0.0, 1.0], repeat=4)), dtype=torch.float64)
    member_logits = torch.stack([member.conditionals(everything).logits for member in ensemble.members])


def averaged_log_prob(logits, x):
    """The published log-likelihood (N,): logits (M, N, D) averaged over the members, bits x (N, D)."""
    return Bernoulli(logits=logits.mean(0)).log_prob(x).sum(1)


# %% tags=["answer:made-ensemble"]
mass = ...


def ensemble_log_prob(logits, x):
    """Log-likelihood (N,) of a mixture: logits (M, N, D) of its members, bits x (N, D)."""
    ...  # your code


# %% tags=["check:made-ensemble"]
armod.check("made-ensemble")

# %% [markdown] tags=["statement:made-sampling"]
# ## 7. Sample in a random ordering
#
# **Difficulty** medium · **Time** 15 minutes · **Worth** 5 points
#
# Write `my_sample(model, noise)`: the textbook loop, one pass for each variable. `model` is a MADE of bits in any
# ordering, `noise` a tensor `(N, D)` of uniform numbers from 0 to 1. Column `k` is for the variable that is generated
# k-th: its bit is 0 where the noise lies below P(0), and 1 elsewhere. Return N observations `(N, *model.event_shape)` of
# zeros and ones.
#
# You need `model.ordering`, `model.event_shape`, and `model.conditionals(x).probs`, the probabilities of a 1, which have the
# shape of `x`. With `x.flatten(1)` you can read and write variable `d` as column `d`, whatever the shape.
#
# <details><summary>Hint 1 of 3</summary>
#
# One pass gives the conditionals of all variables. After the first pass you may believe just one of them. Which?
#
# </details>
#
# <details><summary>Hint 2 of 3</summary>
#
# Begin with zeros. In step k: a pass over what you have so far, the conditional of variable `ordering[k]`, one draw by `noise[:, k]`, and the bit goes to its place before the next pass.
#
# </details>
#
# <details><summary>Hint 3 of 3</summary>
#
# `model.conditionals(x).probs.flatten(1)[:, d]` is the probability of a 1. The bit is 0 on the first P(0) = 1 - p of the way from 0 to 1. `x.flatten(1)[:, d] = ...` writes into `x` itself.
#
# </details>


# %% tags=["answer:made-sampling"]
def my_sample(model, noise):
    """Observations (N, *model.event_shape), drawn in the model's ordering from noise (N, D)."""
    ...  # your code


# %% tags=["check:made-sampling"]
armod.check("made-sampling")

# %% [markdown] tags=["statement:made-completion"]
# ## 8. Complete a digit
#
# **Difficulty** hard · **Time** 20 minutes · **Worth** 6 points
#
# - `my_completion(model, known, mask, noise)`: as your `my_sample`, but where `mask` is True the bit of `known` is kept.
#   `known` is `(N, *model.event_shape)`; what stands in it at unknown pixels means nothing. `mask` has the shape
#   `model.event_shape`. Column `k` of the noise still belongs to step `k`, whether that step needs it or not.
# - `completion_is_exact(ordering, mask)`: True if such a completion is a draw from p(unknown | known) for *every* model
#   with this ordering, else False. Here `mask` is `(D,)`, one entry for each variable by its own number.
#
# When both are right, look at the picture under the check: your completions of real digits.
#
# <details><summary>Hint 1 of 3</summary>
#
# Take your loop of exercise 7. What changes at a variable whose value is known already?
#
# </details>
#
# <details><summary>Hint 2 of 3</summary>
#
# A drawn variable has looked at all that came before it in the ordering, and at nothing else. So which known variables did it miss?
#
# </details>
#
# <details><summary>Hint 3 of 3</summary>
#
# In step k the value is the known one where the mask is True, else the drawn one; it must be in `x` before the next pass. For the predicate bring the mask into the ordering, `mask[ordering]`: may a True follow a False?
#
# </details>


# %% tags=["answer:made-completion"]
def my_completion(model, known, mask, noise):
    """Observations (N, *model.event_shape): `known` where `mask` is True, the rest drawn in the model's ordering."""
    ...  # your code


def completion_is_exact(ordering, mask):
    """Whether completing by `mask` (D,) is an exact draw for every model with this ordering."""
    ...  # your code


# %% tags=["check:made-completion"]
armod.check("made-completion")

# %%
digits = armod.data.load("digits8").binarize()
quickly = armod.MADE((1, 8, 8), [64], likelihood=bits, seed=seed).start_from_marginals(digits.train)
armod.fit(quickly, digits.train, epochs=15, learning_rate=1e-2, seed=seed)
upper = torch.zeros(1, 8, 8, dtype=torch.bool)
upper[:, :4] = True
given, noise = digits.test[:10].float(), torch.rand(10, 64, generator=torch.Generator().manual_seed(seed))
completed = my_completion(quickly, given, upper, noise)


def completions():
    return image_grid(
        torch.stack([given, completed]),
        title="The upper halves were given; your loop drew the lower ones",
        row_labels=["real digit", "completed"],
        known=torch.stack([torch.zeros_like(upper), upper]).unsqueeze(1).expand(2, 10, 1, 8, 8),
    )


"No completions to see yet." if completed is None else completions()

# %% [markdown] tags=["statement:made-training"]
# ## 9. Train within a budget, and sign for it
#
# **Difficulty** medium · **Time** 20 minutes · **Worth** 8 points
#
# Write `train(model, train_digits, test_digits, num_steps)`. It trains the MADE that it is given by `num_steps` steps of gradient
# descent, and returns its receipt: the mean of $-\log p$ over the test digits in nats, one number, for the weights as they are in
# the end.
#
# The digits are bits of shape `(N, 1, 8, 8)`. No step may see a test digit. With 200 steps the model shall need less than 22 nats
# for a digit that nobody has shown it: independent pixels need 25.3. The check believes no receipt: it takes your weights, and
# computes the number again.
#
# <details><summary>Hint 1 of 3</summary>
#
# The loss of a step is the mean of -log p over some of the training digits. Which digits may the steps see, and which only the receipt?
#
# </details>
#
# <details><summary>Hint 2 of 3</summary>
#
# Adam's usual learning rate of 0.001 is too careful for 200 steps. The receipt comes last, when the weights have stopped moving: on the test digits, under `torch.no_grad()`.
#
# </details>
#
# <details><summary>Hint 3 of 3</summary>
#
# `rows = torch.randint(len(train_digits), (100,))`, `loss = -model.log_prob(train_digits[rows]).mean()`, then `optimizer.zero_grad()`, `loss.backward()`, `optimizer.step()`, with a learning rate of 0.01. Return `-model.log_prob(test_digits).mean().item()`.
#
# </details>


# %% tags=["answer:made-training"]
def train(model, train_digits, test_digits, num_steps):
    """Train the model; return the nats that it needs for a test digit."""
    ...  # your code


# %% tags=["check:made-training"]
armod.check("made-training")

# %% [markdown] tags=["statement:made-mixture"]
# ## 10. Stretch: the mixture's own conditionals
#
# **Difficulty** stretch · **Time** 25 minutes · **Worth** 7 points
#
# If all members share one ordering, their mixture p(x) = (p₁(x) + ... + p_M(x)) / M has conditionals in that ordering too. But
# which? They are not the plain averages of the members' conditionals.
#
# Write `mixture_probs(logits, x, ordering)`. `logits` `(M, N, D)` are the members' logits for the bits `x` `(N, D)`; `ordering[k]`
# is the variable that is generated k-th. Return, of shape `(N, D)`, the mixture's probability that variable `d` is 1, given
# the bits of `x` that come before it. It must hold for a whole image of 784 pixels as well.
#
# <details><summary>Hint 1 of 3</summary>
#
# Before anything is known, all members count the same. Then the first variable turns up. One member had given it a probability of 0.9, another 0.1. Do you still trust both equally?
#
# </details>
#
# <details><summary>Hint 2 of 3</summary>
#
# By Bayes, the weight of a member at a variable is proportional to the probability that it gave to all variables *before* it in the ordering. With these weights average the members' probabilities of a 1.
#
# </details>
#
# <details><summary>Hint 3 of 3</summary>
#
# Bring each member's log-probabilities of the bits into the ordering, `log_prob[:, :, ordering]`. A `cumsum` minus the term itself is the sum over what came before; a `softmax` over the members makes weights of it. Then back into the variables' own numbering.
#
# </details>


# %% tags=["answer:made-mixture"]
def mixture_probs(logits, x, ordering):
    """The mixture's p(x_d = 1 | the bits before it), (N, D)."""
    ...  # your code


# %% tags=["check:made-mixture"]
armod.check("made-mixture")
