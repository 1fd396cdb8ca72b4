# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Autoregressive models: the course map
#
# **What is here, what builds on what, and how far have you come?**

# %% [markdown]
# An autoregressive model writes the probability of an observation as a product of conditionals, one for each variable.
# That gives an exact likelihood, and a way to generate: draw the first variable, then the second given the first, and
# so on. This course builds such models, trains them on real data, and measures what they can and cannot do.
#
# It is for readers who know some Python, basic probability, and how a neural network is trained in PyTorch. Every
# lesson runs offline, on a laptop without a GPU.

# %% tags=["parameters", "remove-cell"]
# Every notebook of the course has these two; the map draws the same with any values.
seed = 0
quick = False

# %% [markdown]
# ## The map
#
# Each card is a lesson, and opens it. A line runs from a concept to the lesson that needs it. Point at a card to see
# what it needs in blue, and what it leads to in orange. The grey concept at the top is taught in no lesson: you bring it.

# %% [markdown] tags=["remove-cell"]
# Run the next cell (click it, then Shift + Enter) to see your own progress on the cards. The last section of a lesson
# opens your own copy of its exercises.

# %% tags=["nbval-ignore-output", "remove-input"]
from armod.course.lessons.catalogue import lessons
from armod.course.exercises.engine import progress
from armod.course.labs import course_map

course_map(lessons(), progress.load().notes())

# %% [markdown] tags=["remove-cell"]
# ## How to use a lesson
#
# - Run the cells from top to bottom with Shift + Enter. The text before a cell says what it is for; the text after it
#   reads the result.
# - A card asks for your guess before it shows the result. Give one, also if you are unsure. A wrong guess that you made is worth
#   more than a right answer that you read.
# - *Your turn* cells want a line or two from you, and say at once whether they are right.
# - This is your own copy. Write into it as you like: an update renews the lessons and keeps what you wrote.
# - Change the code. *Run → Restart Kernel and Run All Cells* brings everything back to a known state.
# - A cell of assertions proves the claim above it. Try to break it.
# - Your progress is kept on this computer, in one small file, and goes nowhere else. Set the environment variable
#   `ARMOD_PROGRESS=off` before `armod lab` to keep none.

# %% [markdown]
# ## Key takeaways
#
# - **The chain rule gives an exact likelihood.** A model of every conditional is a model of the joint, and its total
#   probability is 1. [Adding it up](4_5_1_made.ipynb#4.-The-whole-model-in-a-dozen-lines) for a small model shows it.
# - **Masks make an autoencoder autoregressive.** One forward pass then gives every conditional at once, so training is
#   parallel. [One pass and D passes](4_5_1_made.ipynb#One-pass-instead-of-D) give the same numbers.
# - **Dilated causal convolutions see far back.** The field of WaveNet doubles with each layer.
#   [The oracle finds](4_5_2_wavenet.ipynb#3.-Causal,-and-dilated) just as many samples as the formula says.
# - **Masked convolutions read an image like a page.** The type of the mask decides whether a pixel sees itself.
#   [Masks A and B](4_5_3_pixelcnn.ipynb#2.-Masks-A-and-B) are built and tested there.
# - **Generation is sequential and slow**, because each variable waits for those before it.
#   [A cache](4_7_1_caching.ipynb#3.-What-is-gained) saves the work, and
#   [one table](4_7_2_parallel_generation.ipynb#12.-All-ways-to-be-fast,-in-one-table) compares all ways to save the waiting.
# - **Flows and transformers begin here.** [The next section](index.ipynb#Where-this-leads) makes a flow from the masks of
#   MADE, and finds the mask in causal attention.
#
# ## In the two textbooks
#
# - S. Prince, *Understanding Deep Learning* (T1): chapter 12 for transformers, of which section 12.7 describes the
#   autoregressive decoder; section 16.3 for autoregressive and inverse autoregressive flows.
# - I. Goodfellow, Y. Bengio, A. Courville, *Deep Learning* (T2): section 20.10.7 for auto-regressive networks in general, 20.10.8
#   for linear and 20.10.9 for neural ones, 20.10.10 for NADE; section 5.5 for maximum likelihood, chapter 10 for recurrent networks.

# %% [markdown]
# ## Where this leads
#
# **Normalizing flows.** The masks of MADE give more than probabilities. Let a masked network compute a shift and a scale
# for each variable from the variables before it, and apply them to noise: an *inverse autoregressive flow*. Its Jacobian
# is a triangle, so its determinant is the product of the scales. Automatic differentiation agrees.

# %%
import torch

import armod
from armod.models.made.masks import hidden_degrees, masks

generator = torch.Generator().manual_seed(seed)
into, out = masks(torch.arange(4), hidden_degrees(4, [16], seed=seed))
weights, shifts, scales = (torch.randn(m.shape, generator=generator) * m for m in (into, out, out))


def flow(noise):
    units = (weights @ noise).tanh()
    return shifts @ units + noise * (scales @ units / 4).exp(), (scales @ units / 4).sum()


noise = torch.randn(4, generator=generator)
jacobian = torch.autograd.functional.jacobian(lambda z: flow(z)[0], noise)
assert not jacobian.triu(1).any() and torch.allclose(jacobian.logdet(), flow(noise)[1], atol=1e-4)

# %% [markdown]
# **Transformers.** Causal attention is a mask too, laid over positions instead of units. Shift the inputs by one, let
# each position attend to itself and its past, and the oracle that checks MADE finds an autoregressive model with no
# blind spot.


# %%
class CausalAttention(armod.AutoregressiveModel):
    event_shape, ordering, likelihood = torch.Size([8]), torch.arange(8), armod.likelihoods.Bernoulli()

    def __init__(self):
        super().__init__()
        self.start, self.position = (torch.nn.Parameter(torch.randn(shape)) for shape in ((1, 4), (8, 4)))
        self.embed, self.out = torch.nn.Embedding(2, 4), torch.nn.Linear(4, 1)

    def conditionals(self, x, context=None):
        shifted = torch.cat([self.start.expand(len(x), 1, 4), self.embed(x.long())[:, :-1]], dim=1)
        units = shifted + self.position
        seen = torch.nn.functional.scaled_dot_product_attention(units, units, units, is_causal=True)
        return torch.distributions.Bernoulli(logits=self.out(seen).squeeze(-1))


report = armod.check_autoregressive(CausalAttention())
print(report)
assert report.is_autoregressive and not report.blind_spot
