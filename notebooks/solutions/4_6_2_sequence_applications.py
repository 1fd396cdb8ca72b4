# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Exercises for 4.6.2 Sound, notes, letters
#
# **Can you score what a knob changed, and count what a likelihood does not see?**
#
# There are four exercises: the likelihood of a tempered model, top-p by hand, a judge of parallel fifths, and what a vocoder is
# told of each moment.
#
# Each exercise says how hard it is and how long it takes. Replace the `...` by your own code, run the cell, then the
# check below it: it says what to look at next. Hints unfold one by one; try before you open them.

# %% [markdown]
# Each time you open this notebook, first run the cells from here to the first exercise (Shift + Enter), and in each
# exercise the cells above yours.
#
# The cell below holds the notebook's parameters. `student` is your own number: the checks draw their instances from it.

# %% tags=["parameters"]
seed = 0
quick = False
student = 0

# %%
import torch

import armod

torch.set_num_threads(1)

# %% [markdown] tags=["statement:sequence-tempered"]
# ## 1. The likelihood of a temperature
#
# A model gives logits at each step of a sequence. With a temperature its samples come from other distributions: the logits of each step are
# divided by the temperature. How probable is a given sequence *then*?
#
# Write `tempered_nats(logits, levels, temperature)`. `logits` `(T, K)` are the model's logits at each step of this sequence, and `levels` `(T,)` are
# its levels. Return minus the log-likelihood of the whole sequence, in nats, as a number.


# %% tags=["answer:sequence-tempered"]
def tempered_nats(logits, levels, temperature):
    """Nats of the levels (T,) if they are drawn with this temperature from logits (T, K)."""
    ### BEGIN SOLUTION
    log_probs = (logits / temperature).log_softmax(-1)
    return -float(log_probs.gather(-1, levels[:, None]).sum())
    ### END SOLUTION


# %% tags=["check:sequence-tempered"]
armod.check("sequence-tempered")

# %% [markdown] tags=["statement:sequence-nucleus"]
# ## 2. The fewest symbols that reach p
#
# Top-p keeps as few symbols as together reach the probability p, and those are the most probable ones. The others get probability 0, and what is
# left is divided by its sum. So of 0.5, 0.3 and 0.2 with p = 0.6 the first two stay, as 0.625 and 0.375.
#
# Write `nucleus(probs, p)`. `probs` `(K,)` are probabilities in any order. Return the new ones `(K,)`, each in the place of its symbol.


# %% tags=["answer:sequence-nucleus"]
def nucleus(probs, p):
    """The probabilities (K,) after top-p."""
    ### BEGIN SOLUTION
    values, order = probs.sort(descending=True)
    stays = values.cumsum(0) - values < p  # those before it have not reached p yet
    kept = torch.zeros_like(probs)
    kept[order] = values * stays
    return kept / kept.sum()
    ### END SOLUTION


# %% tags=["check:sequence-nucleus"]
armod.check("sequence-nucleus")

# %% [markdown] tags=["statement:sequence-fifths"]
# ## 3. Parallel fifths
#
# Two voices make a *parallel fifth* between two neighbouring steps if their interval is a fifth at both steps, both voices move, and both move in the same
# direction. A fifth has seven semitones, with any number of octaves on top: 7, 19, 31.
#
# Write `parallel_fifths(upper, lower)`. Both are lists of MIDI pitches of the same length, one for each step; the upper voice is never below the
# lower one. Return how often it happens.


# %% tags=["answer:sequence-fifths"]
def parallel_fifths(upper, lower):
    """How many neighbouring steps of the two voices are parallel fifths."""
    ### BEGIN SOLUTION
    count = 0
    for t in range(1, len(upper)):
        are_fifths = all((upper[k] - lower[k]) % 12 == 7 for k in (t - 1, t))
        same_way = (upper[t] - upper[t - 1]) * (lower[t] - lower[t - 1]) > 0
        count += are_fifths and same_way
    return count
    ### END SOLUTION


# %% tags=["check:sequence-fifths"]
armod.check("sequence-fifths")

# %% [markdown] tags=["statement:sequence-hop"]
# ## 4. How loud, and when
#
# A vocoder makes samples, and is told something about each *frame*: frame t holds the samples from t times `hop` to (t + 1) times `hop`. What it is told is measured
# in a window that is longer than the frame, and lies around the frame's middle. Training and use must agree on both numbers. A spectrum with another hop
# describes other moments.
#
# Write `frame_powers(wave, hop, window)` for the simplest such measurement. `wave` `(T,)` holds the samples; T is a multiple of `hop`, and `window - hop` is even and not
# negative. Return the mean of the squares in the window of each frame, `(T / hop,)`. There is silence before and after the wave, which counts as zeros.


# %% tags=["answer:sequence-hop"]
def frame_powers(wave, hop, window):
    """The mean square (T / hop,) in a window around each frame of hop samples."""
    ### BEGIN SOLUTION
    margin = (window - hop) // 2
    padded = torch.nn.functional.pad(wave, (margin, margin))
    return padded.unfold(0, window, hop).square().mean(1)
    ### END SOLUTION


# %% tags=["check:sequence-hop"]
armod.check("sequence-hop")
