# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Exercises for 4.4 Recurrent networks
#
# **Can you build a cell, feed it without leaks, and let it write?**
#
# There are six exercises: bits per character, a gated cell from its equations, a bug in teacher forcing, the reach of
# gradients, the loop that samples, and a training run with a receipt. They follow the lesson.
#
# Each exercise says how hard it is and how long it takes. Replace the `...` by your own code, run the cell, then the
# check below it: it says what to look at next. Hints unfold one by one; try before you open them.
#
# A function that you write leaves the tensors and lists that it is given as they are; the checks look.
#
# *Your own copy of this notebook is `my_exercises/4_4_recurrent_networks.ipynb`; updates of the course never touch it. The original in `exercises/` they replace.*

# %% [markdown]
# Each time you open this notebook, first run the cells from here to the first exercise (Shift + Enter), and in each
# exercise the cells above yours.
#
# The cell below holds the notebook's parameters. `student` is your own number: one exercise asks for numbers, and it
# sets the length of the sequences that is yours.

# %% tags=["parameters"]
seed = 0
quick = False
student = 0

# %%
import math

import torch

import armod

torch.set_num_threads(1)

# %% [markdown] tags=["statement:recurrent-bits"]
# ## 1. Bits per character
#
# **Difficulty** easy · **Time** 5 minutes · **Worth** 4 points
#
# A batch of names is a tensor `x` `(N, T)` of symbols. Symbol 0 is the end; after the first end a row holds only more
# ends, to fill it up. A name that fills its row may have no end at all.
#
# Write `bits_per_character(log_prob, x)`. `log_prob` `(N, T)` holds the log-probability in nats that a model gave to each
# symbol of `x`, given those before it, padding included. Return one number: how many bits the model pays per character of
# this data set. The first end is a character too, as the model must foresee where a name stops; the filling is not.
#
# <details><summary>Hint 1 of 3</summary>
#
# Take one name of two letters in a row of length 5. How many characters did the model have to foresee?
#
# </details>
#
# <details><summary>Hint 2 of 3</summary>
#
# Make a mask that is True up to and with the first end, and use it twice: for the sum and for the count. Sum over everything first, divide once.
#
# </details>
#
# <details><summary>Hint 3 of 3</summary>
#
# `(x == 0).cumsum(1)` counts the ends up to each place; minus the place itself it counts those *before* it. The mask is where that is 0. One nat is 1 / log 2 bits.
#
# </details>


# %% tags=["answer:recurrent-bits"]
def bits_per_character(log_prob, x):
    """Mean cost in bits of all characters of the data set, first ends included."""
    ...  # your code


# %% tags=["check:recurrent-bits"]
armod.check("recurrent-bits")

# %% [markdown] tags=["statement:recurrent-gru"]
# ## 2. A cell from its equations
#
# **Difficulty** medium · **Time** 9 minutes · **Worth** 6 points
#
# Write `gru_step(x, h, W, U, b, c)`: one step of a gated recurrent unit, from inputs `x` `(N, F)` and states `h` `(N, H)` to
# new states `(N, H)`. For one row:
#
# - r = σ(W_r x + b_r + U_r h + c_r), the reset gate
# - z = σ(W_z x + b_z + U_z h + c_z), the update gate
# - n = tanh(W_n x + b_n + r ⊙ (U_n h + c_n)), the candidate
# - h′ = (1 - z) ⊙ n + z ⊙ h
#
# `W` `(3H, F)` holds W_r, W_z, W_n on top of each other, and so do `U` `(3H, H)`, `b` `(3H,)` and `c` `(3H,)`. Use no ready-made
# cell.
#
# <details><summary>Hint 1 of 3</summary>
#
# Compute the two products `x @ W.T + b` and `h @ U.T + c` once, for all three parts, and look at their shapes.
#
# </details>
#
# <details><summary>Hint 2 of 3</summary>
#
# `.chunk(3, dim=1)` takes each of them apart into r, z and n. The reset gate multiplies one of these six pieces only: which?
#
# </details>
#
# <details><summary>Hint 3 of 3</summary>
#
# r and z are sigmoids of a sum of two pieces; n is the tanh of one piece plus r times the other, its bias included. In the last line z says how much of the *old* state stays.
#
# </details>


# %% tags=["answer:recurrent-gru"]
def gru_step(x, h, W, U, b, c):
    """The new states (N, H)."""
    ...  # your code


# %% tags=["check:recurrent-gru"]
armod.check("recurrent-gru")

# %% [markdown] tags=["statement:recurrent-shift"]
# ## 3. Find the bug: the shift that leaks
#
# **Difficulty** medium · **Time** 8 minutes · **Worth** 6 points
#
# In training all symbols are known, so that a recurrent network can be fed with the true ones (*teacher forcing*). In step
# t it must foresee `x[:, t]`. Which inputs may it read? The cell below has a small network, and three functions that make
# its inputs from `x`. All three have been seen in published code, and all three are wrong.
#
# - `leaks`: a list of three numbers, one for each function, in their order. In how many *forbidden pairs* (step t, symbol j
#   with j ≥ t) has the network read `x[:, j]` when it foresees `x[:, t]`? Take the T that the cell prints.
# - `mended_log_prob(x, network)`: the log-likelihood `(N,)` of the sequences `x` `(N, T)`, in nats, with the right inputs. The
#   network has a symbol of its own for the start, `network.start`.
#
# <details><summary>Hint 1 of 3</summary>
#
# Write the inputs and the targets of five steps below each other, as two rows. Which symbols has the network read when it must foresee the third one?
#
# </details>
#
# <details><summary>Hint 2 of 3</summary>
#
# For each step list the symbols of x that the inputs up to there hold, and underline those that are not yet known: its own and later ones. Before the very first step nothing is known: what does the network read then?
#
# </details>
#
# <details><summary>Hint 3 of 3</summary>
#
# The inputs are a column of `network.start`, then all symbols of x but the last: `torch.cat`, `torch.full_like` of one column, `x[:, :-1]`.
#
# </details>


# %%
class Network:
    """A simple recurrent network over K symbols; one more, the start, is only ever read."""

    def __init__(self, embedding, recurrence, readout, bias):
        self.embedding, self.recurrence = embedding, recurrence  # (K + 1, H), (H, H)
        self.readout, self.bias = readout, bias  # (K, H), (K,)
        self.start = len(bias)

    def first_state(self, num):
        """The states (N, H) before anything was read."""
        return self.recurrence.new_zeros(num, len(self.recurrence))

    def step(self, symbols, state):
        """Read symbols (N,): logits (N, K) of what comes next, and the new state (N, H)."""
        state = torch.tanh(self.embedding[symbols] + state @ self.recurrence.T)
        return state @ self.readout.T + self.bias, state

    def logits(self, inputs):
        """Read inputs (N, T): the logits (N, T, K) after each."""
        state, found = self.first_state(len(inputs)), []
        for t in range(inputs.shape[1]):
            logits, state = self.step(inputs[:, t], state)
            found.append(logits)
        return torch.stack(found, dim=1)


def unshifted(x, network):
    """Inputs (N, T), as published."""
    return x


def rolled(x, network):
    """Inputs (N, T), as published elsewhere."""
    return x.roll(1, dims=1)


def early(x, network):
    """Inputs (N, T), as published elsewhere."""
    return torch.cat([x[:, 1:], torch.full_like(x[:, :1], network.start)], dim=1)


T = 6 + student % 5
print(f"T = {T}: x[:, 0] to x[:, {T - 1}]")

# %% tags=["answer:recurrent-shift"]
leaks = ...


def mended_log_prob(x, network):
    """Log-likelihood (N,) of sequences x (N, T), in nats."""
    ...  # your code


# %% tags=["check:recurrent-shift"]
armod.check("recurrent-shift")

# %% [markdown] tags=["statement:recurrent-reach"]
# ## 4. How far does the gradient reach?
#
# **Difficulty** medium · **Time** 8 minutes · **Worth** 6 points
#
# A simple recurrent network, h_t = tanh(W x_t + U h_{t-1} + b), went through the states `states` `(T, H)`.
#
# - `gradient_by_lag(states, U)`: a tensor `(T,)`. Its entry `lag` is the norm (the root of the sum of all squared entries) of
#   the matrix of derivatives ∂h_{T-1} / ∂h_{T-1-lag}, for lags from 0 to T - 1. Use no autograd: multiply Jacobians.
# - `forget_bias(lag)`: an LSTM's memory passes through one gate a step, c_t = f c_{t-1} + ..., and so does its gradient. Let the
#   gate be f = σ(bias) at every step, whatever the input. Which bias leaves half of the gradient after `lag` steps?
#
# <details><summary>Hint 1 of 3</summary>
#
# One step is h' = tanh(a) with a = ... + U h. What is the derivative of tanh, written by its own value? What is that of a by h?
#
# </details>
#
# <details><summary>Hint 2 of 3</summary>
#
# One step has the Jacobian diag(1 - h'²) U, with the state *after* the step. Several steps multiply, the last step on the left. Start from the identity and take one more step into the past each time.
#
# </details>
#
# <details><summary>Hint 3 of 3</summary>
#
# `jacobian = jacobian @ ((1 - states[t] ** 2).unsqueeze(1) * U)` for t = T-1, T-2, ..., 1, and the `norm()` after each. For the bias: f to the power `lag` is a half; and f is the sigmoid of the bias.
#
# </details>


# %% tags=["answer:recurrent-reach"]
def gradient_by_lag(states, U):
    """Norms (T,) of the derivatives of the last state by the state `lag` steps before it."""
    ...  # your code


def forget_bias(lag):
    """The bias of a forget gate under which half is left after `lag` steps."""
    ...  # your code


# %% tags=["check:recurrent-reach"]
armod.check("recurrent-reach")

# %% [markdown] tags=["statement:recurrent-sampling"]
# ## 5. One character at a time
#
# **Difficulty** hard · **Time** 9 minutes · **Worth** 6 points
#
# Write `my_sample(network, noise)`: the loop that lets a network write. `network` is one of exercise 3: you need its `start`,
# `first_state` and `step`. `noise` `(N, T)` holds uniform numbers from 0 to 1, column t for step t. Return N sequences `(N, T)`.
#
# In each step the symbol is the smallest one whose cumulative probability exceeds the noise: symbol 0 on the first P(0) of the
# way from 0 to 1, then symbol 1, and so on. Symbol 0 is the end: after it a sequence holds only ends.
#
# <details><summary>Hint 1 of 3</summary>
#
# Two things go from one step to the next. Which ones, and what are they before the first step?
#
# </details>
#
# <details><summary>Hint 2 of 3</summary>
#
# In each step: `network.step`, then probabilities, then the symbol from this step's column of noise. A sequence that has ended gets the end again, whatever was drawn.
#
# </details>
#
# <details><summary>Hint 3 of 3</summary>
#
# `logits.softmax(1).cumsum(1)` is the CDF `(N, K)`; the number of its entries that are not above the noise is the symbol. Keep a boolean `(N,)` of what has ended.
#
# </details>


# %% tags=["answer:recurrent-sampling"]
def my_sample(network, noise):
    """Sequences (N, T) of symbols, drawn from noise (N, T)."""
    ...  # your code


# %% tags=["check:recurrent-sampling"]
armod.check("recurrent-sampling")

# %% [markdown]
# When your loop is right, let it write with a network that was trained on thousands of first names. It has the
# same three names: `start`, `first_state`, `step`.


# %%
class Trained:
    """A trained network; its state is the model's own incremental view."""

    def __init__(self, model):
        self.model, self.start = model, model.likelihood.num_levels

    def first_state(self, num):
        return self.model.incremental(num)

    def step(self, symbols, state):
        if (symbols != self.start).all():  # the view reads its start by itself
            state.append(symbols)
        return state.conditional().logits, state


trained = Trained(armod.load_pretrained("recurrent-names"))
noise = torch.rand(12, 12, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))
with torch.no_grad():
    written = my_sample(trained, noise)
"No names to see yet." if written is None else ", ".join(armod.data.names.to_name(row) for row in written)

# %% [markdown] tags=["statement:recurrent-training"]
# ## 6. Train, and hand in a receipt
#
# **Difficulty** hard · **Time** 15 minutes · **Worth** 5 points
#
# Write `train(model, batches, held_out)`. `model` is a new `armod.RecurrentModel` of names with 48 units. Train it in place,
# within a small budget: `batches` is a list of 80 tensors `(64, 12)`, enough for 80 steps. Use a loop of your own and an
# optimiser of torch.
#
# Then return the receipt, one number: the bits per character that the trained model pays for the names `held_out` `(N, 12)`,
# in the sense of exercise 1. The check takes your weights, computes the likelihood itself, and compares. It has to be below 3.2 bits;
# counts of pairs of letters need 3.37.
#
# <details><summary>Hint 1 of 3</summary>
#
# Each batch makes one step. What is the loss, whose gradients are wanted, and who changes the weights?
#
# </details>
#
# <details><summary>Hint 2 of 3</summary>
#
# The loss is `-model.log_prob(x).mean()`. Adam's usual learning rate of 0.001 is too careful for 80 steps: how much can you dare? For the receipt you have a function already: exercise 1.
#
# </details>
#
# <details><summary>Hint 3 of 3</summary>
#
# `optimizer = torch.optim.Adam(model.parameters(), lr=0.02)`; for each `x` of `batches` the three lines `optimizer.zero_grad()`, `loss.backward()`, `optimizer.step()`. Then, under `torch.no_grad()`, `bits_per_character(model.log_prob_per_variable(held_out), held_out)`.
#
# </details>


# %% tags=["answer:recurrent-training"]
def train(model, batches, held_out):
    """Train the model in place; return its bits per character of the held-out names."""
    ...  # your code


# %% tags=["check:recurrent-training"]
armod.check("recurrent-training")
