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

# %% tags=["parameters"]
# Every notebook of the course has these two; the map draws the same with any values.
seed = 0
quick = False

# %% [markdown]
# ## The map
#
# Each card is a lesson, and opens it. A line runs from a concept to the lesson that needs it. Point at a card to see
# what it needs in blue, and what it leads to in orange. The grey concepts at the top are taught in no
# lesson here: the lessons below them count on your knowing them.
#
# Run the next cell (click it, then Shift + Enter) to see your own progress on the cards.

# %% tags=["nbval-ignore-output"]
from armod.course.lessons import lessons
from armod.exercises import progress
from armod.widgets import course_map

course_map(lessons(), progress.load().notes())

# %% [markdown]
# ## How to use a lesson
#
# - Run the cells from top to bottom with Shift + Enter. The text before a cell says what it is for; the text after it
#   reads the result.
# - Where the text asks for a prediction, write yours down first. A wrong guess that you made is worth more than a right
#   answer that you read.
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
# - **Generation is sequential.** Each variable waits for those before it: a digit of 784 pixels takes
#   [784 steps](4_5_1_made.ipynb#6.-Sampling:-one-pixel-at-a-time).
