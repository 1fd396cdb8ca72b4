# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 4.4 Recurrent networks: a past of any length in one state
#
# **How can a network of fixed size remember a past that keeps growing?**
#
# After this lesson you can
# - write the simple RNN, the LSTM and the GRU from their equations, and show that torch computes the same
# - turn a recurrent network into an autoregressive model, train it with teacher forcing, and say what that leaves untested
# - state bits per character so that padding does not flatter them, beside the strongest table of counts
# - recognise a leak by a loss near 0 and nonsense samples
# - say why training is sequential, and measure how far back a gradient reaches
#
# **Minutes** 75 · **Needs** chain rule; maximum likelihood · **Teaches** recurrent networks; teacher forcing; vanishing
# gradients

# %% [markdown]
# The cell below holds the lesson's two parameters. `seed` changes every random choice; `quick` shortens the training.

# %% tags=["parameters"]
seed = 0
quick = False

# %%
import math
from dataclasses import replace
from itertools import pairwise
from time import process_time
from timeit import repeat

import torch
from IPython.display import display
from torch import nn
from torch.distributions import Categorical
from torch.nn import functional as F

import armod
from armod.data.sets.names import to_name
from armod.data.text import decode
from armod.figures.bars import likelihood_bars
from armod.figures.curves import curves
from armod.figures.growth import growth_curves
from armod.measures.gradient_reach import CELL_NAMES as NAMES
from armod.measures.gradient_reach import gradient_reach, random_recurrence
from armod.measures.longest_chain import longest_chain
from armod.mu_law import mu_law_decode, mu_law_encode
from armod.course.labs import (
    choices,
    curve,
    gates_lab,
    lesson_quiz,
    letters_lab,
    number,
    predict,
    predictions,
    reach_lab,
    sound_player,
)
from armod.course.labs.reach.picture import reach_curves, unrolled_figure

torch.manual_seed(seed)
torch.set_num_threads(1)  # small matrices: a second thread costs more than it saves

# %% [markdown]
# ## 1. One state for the whole past
#
# The chain rule asks for $p(x_t \mid x_1, \dots, x_{t-1})$ at every $t$, and the past grows with every step. A network with
# one input for each past value could not read a longer sequence than it was built for.
#
# You do not read that way. You carry something along, and change it a little with every letter. So does a **recurrent neural
# network** (RNN), with a vector, its **hidden state** $h_t$:
#
# $$h_t = \mathrm{step}(h_{t-1}, x_{t-1}), \qquad p(x_t \mid x_{<t}) = \mathrm{head}(h_t).$$
#
# The two functions are the same at every $t$. To see what that means, we *unroll* the loop in time.

# %%
unrolled_figure([*"mary."], title="One network, used five times, writes “mary.”")

# %% [markdown]
# Step 1 reads a start symbol, since nothing came before, and predicts the first letter. Step 2 reads that letter and the state
# of step 1, and predicts the second. The last step predicts the end of the name, written as a dot. Each arrow between states
# is the same function with the same weights. So a name may have any length.
#
# All that step 5 knows about *m*, *a* and *r* has come to it through $h_4$. There is no other way in.

# %% [markdown]
# ## 2. Three cells
#
# What should a step compute? Three answers are in use. Each begins with two weighted sums. The first is taken of the input, the second of the old state:
#
# $$a_t = W x_{t-1} + b, \qquad u_t = U h_{t-1} + b'.$$
#
# They differ in what they do with the two. (Products of vectors go entry by entry, and $\sigma(v) = 1 / (1 + e^{-v})$.)
#
# **The simple RNN** adds them and squashes the sum. The whole state is written anew at each step:
#
# $$h_t = \tanh(a_t + u_t).$$
#
# **The LSTM** (long short-term memory) carries a second vector, the memory or **cell state** $c_t$. Its sums are four times
# as long as the state. The four parts of $a_t + u_t$ are called $i, f, g, o$. Three of them become **gates**, numbers
# between 0 and 1: for every entry the **input gate** decides how much to write, the **forget gate** how much to keep, and
# the **output gate** how much to show. The part $g$ is what may be written:
#
# $$c_t = \sigma(f)\, c_{t-1} + \sigma(i) \tanh(g), \qquad h_t = \sigma(o) \tanh(c_t).$$
#
# **The GRU** (gated recurrent unit) needs no second vector. Its sums have three parts. The first two of $a_t + u_t$ are
# $r$ and $z$. The third parts, $a^n$ of $a_t$ and $u^n$ of $u_t$, stay apart. The **update gate**, from $z$, fades between the
# old state and a candidate $\tilde h$. The **reset gate**, from $r$, decides how much of the past the candidate may use:
#
# $$\tilde h = \tanh(a^n + \sigma(r)\, u^n), \qquad h_t = (1 - \sigma(z))\, \tilde h + \sigma(z)\, h_{t-1}.$$


# %%
def rnn_step(a, u, state):
    return (torch.tanh(a + u),)


def lstm_step(a, u, state):
    i, f, g, o = (a + u).chunk(4, dim=-1)
    memory = f.sigmoid() * state[1] + i.sigmoid() * g.tanh()
    return o.sigmoid() * memory.tanh(), memory


def gru_step(a, u, state):
    (r, z, a_n), (r_past, z_past, u_n) = a.chunk(3, dim=-1), u.chunk(3, dim=-1)
    keep = (z + z_past).sigmoid()
    candidate = torch.tanh(a_n + (r + r_past).sigmoid() * u_n)
    return ((1 - keep) * candidate + keep * state[0],)


STEP = {"rnn": rnn_step, "lstm": lstm_step, "gru": gru_step}
LAYERS = {"rnn": nn.RNN, "lstm": nn.LSTM, "gru": nn.GRU}
gates_lab()

# %% [markdown]
# The lab shows one unit of each gated cell. Raise its forget gate to 1: what is left at step 20? In a simple RNN the past has one way to the next state: through $U$ and a
# $\tanh$. Here it has a second way, *around* the weights, in orange. On this way an old value is multiplied by a gate,
# something new is added, and that is all. If that gate is 1, the old value is kept in full. Section 8 depends on this.
#
# > **Precision.** In the GRU's first paper the reset gate multiplies the state *before* the product with $U$. Torch, and
# > so this lesson, lets it multiply the product. Weights made for one variant do not fit the other.
#
# Here is the loop, the same for all three. It takes inputs `(N, T, width)` and the weights in torch's order, runs from
# left to right, and keeps every state. It also returns what to go on from. The first state is zero.


# %%
def unroll(cell, weights, inputs, state=None):
    W, U, b, b_past = weights
    state = state or (inputs.new_zeros(len(inputs), U.shape[1]),) * 2
    states = []
    for x in inputs.unbind(1):
        state = STEP[cell](x @ W.T + b, state[0] @ U.T + b_past, state)
        states.append(state[0])
    return torch.stack(states, dim=1), state


# %% [markdown]
# Two claims need a proof. The first is that torch computes our equations: both read 30 steps with the same weights, and
# the assertion compares all states.
#
# The second is that the state *summarises* the past. Each cell reads 20 steps. We keep nothing but its state, throw the
# inputs away, and go on from there.

# %%
x, gaps = torch.randn(4, 30, 8).double(), {}
for cell, kind in LAYERS.items():
    layer = kind(8, 16, batch_first=True).double()
    whole, _ = unroll(cell, layer.parameters(), x)
    assert torch.allclose(whole, layer(x)[0], atol=1e-12)
    _, kept = unroll(cell, layer.parameters(), x[:, :20])
    gaps[cell] = (unroll(cell, layer.parameters(), x[:, 20:], kept)[0] - whole[:, 20:]).abs().max().item()
predict(
    "How much do the states of the last ten steps change, when the first twenty inputs are gone?",
    choices(
        {"not at all, bit by bit": 0, "by rounding errors": 1, "so much that one sees it": 2},
        answer=(max(gaps.values()) > 0) + (max(gaps.values()) > 1e-9),
    ),
    reveal="\n\n".join(f"{NAMES[name]}: by {gap}" for name, gap in gaps.items()),
)

# %% [markdown]
# <details><summary>What happened</summary>
#
# Not at all. Sixteen numbers (32 in the LSTM) stand for all that was read.
#
# </details>
#
# The assertion held, too: `nn.LSTM` computes these few lines and nothing else.
#
# The fixed size of the state is the strength of a recurrent network: its memory does not grow. It is also the weakness. Two
# pasts that end in the same state have the same future, and whatever did not fit into the state is gone.

# %% [markdown]
# ## 3. An autoregressive model, and teacher forcing
#
# A cell turns vectors into vectors. To make a model of sequences we need two more parts. An **embedding** gives each level a
# vector, with one more for the start. A linear head turns each state into a categorical distribution.
#
# One line decides whether the model obeys the chain rule: the **shift**. Step $t$ must predict $x_t$, so it reads $x_{t-1}$.
#
# While the model *learns*, all values are known. So every step reads the true value before it, even where the model
# would have guessed another. This is **teacher forcing**. It is no approximation: the chain rule itself asks for
# $p(x_t \mid x_{<t})$ at the true $x_{<t}$. One call serves a whole sequence. While the model *samples*, it reads
# what it wrote itself, one step after the other. Both ways must give the same conditionals.


# %%
class MyRecurrentModel(armod.AutoregressiveModel):
    def __init__(self, length, num_levels, size, cell):
        super().__init__()
        self.event_shape, self.ordering = torch.Size([length]), armod.orderings.raster((length,))
        self.cell, self.start = cell, num_levels
        self.embedding = nn.Embedding(num_levels + 1, size)
        self.recurrence = LAYERS[cell](size, size)  # only its weights
        self.head = nn.Linear(size, num_levels)

    def read(self, x):
        return F.pad(x[:, :-1].long(), (1, 0), value=self.start)  # the shift

    def conditionals(self, x, context=None):
        states, _ = unroll(self.cell, self.recurrence.parameters(), self.embedding(self.read(x)))
        return Categorical(logits=self.head(states))


# %% [markdown]
# Is it right? We compare with the library, at the same weights, and ask the oracle.

# %%
mine = MyRecurrentModel(12, 27, 16, "gru")
library = armod.RecurrentModel((12,), 16, cell="gru", likelihood=armod.likelihoods.Categorical(27))
mine.embedding.weight.data.copy_(library.inputs.table())
mine.recurrence.load_state_dict(library.recurrence.state_dict())
mine.head.load_state_dict(library.head.state_dict())
x = torch.randint(27, (5, 12))
one_call, one_at_a_time = mine.conditionals(x).logits, library.incremental(len(x))
for t in range(12):
    assert torch.allclose(one_at_a_time.conditional().logits, one_call[:, t], atol=1e-5)
    one_at_a_time.append(x[:, t])
print(armod.check_autoregressive(mine))

# %% [markdown]
# These are two proofs. `armod.RecurrentModel`, *one step at a time* as in sampling, gives the same conditionals as ours in *one
# call* with the true past, as in learning. And the oracle, which changes one value at a time and watches which outputs move,
# finds no leak.
#
# Teacher forcing leaves one thing untested. While it learns, the model only ever meets pasts that people wrote. While it
# samples, it reads its own mistakes. The field calls this difference **exposure bias**. The likelihood stays exact; but it
# does not say how a sample goes on after a mistake.

# %% [markdown]
# ## 4. Names, letter by letter
#
# Now we need data, and a baseline to beat. The course brings the 5,163 first names of the United States census of 1990. Of
# every ten, one is kept for validation and one for the test. Each name is filled up with dots to 12 symbols.
#
# **What about the padding?** After the first dot all others are certain, and a good model gives them for nothing.
# Bits per *symbol* would therefore look wonderful, and the more dots we add, the better. An honest unit divides the bits of a
# whole name by what has to be guessed: its letters and *one* end. On the test names that is 7.05 characters a name
# instead of 12.
#
# The baseline is the table of counts that forgets, the **n-gram** of lesson 4.2. It makes the **Markov assumption**: a letter
# depends only on the $n - 1$ letters before it. Where these were rare, it leans on the shorter past (**back-off**). `armod.NGram` does it in the way of Witten and Bell.
#
# Which $n$ is best? The validation names decide.

# %%
names = armod.data.load("names")


def characters(x):  # how many symbols of a name do not follow a dot
    return (F.pad(x[:, :-1], (1, 0), value=1) > 0).sum(1).double().mean().item()


def bits_per_character(model, x):
    return -model.log_prob(x).double().mean().item() / math.log(2) / characters(x)


tables = {n: armod.NGram((12,), n, num_levels=27).fit(names.train) for n in (2, 3, 4, 5)}
of_order = [bits_per_character(table, names.valid) for table in tables.values()]
predict(
    "How many bits does a character cost, when the table remembers one letter, two, three, four? The first value is given.",
    curve(tables, of_order, low=2, high=4, x_label="n", y_label="bits per character", given=1),
)

# %% [markdown]
# <details><summary>What happened</summary>
#
# Each letter of memory helps, up to three. With four the table gets worse: many pasts of four letters were never seen, and a
# table learns nothing about one past from another past that only looks similar.
#
# </details>
#
# A cost in bits has a second name. If the model is as uncertain as somebody who chooses among $P$ equally likely
# characters, $P$ is its **perplexity**. Papers on text state it more often than bits.
#
# **Your turn.** How do bits per character become a perplexity? Replace the dots.


# %%
def perplexity(bits):
    return ...


tried = perplexity(torch.tensor([1.0, 5.0, of_order[2]]))
if tried is ... or not torch.allclose(tried[:2], torch.tensor([2.0, 32.0])):
    print("not yet: a coin costs one bit, and is a choice between two sides")
else:
    print(f"right: the 4-gram is as uncertain as somebody who chooses among {tried[2]:.1f} letters")

# %% [markdown]
# Now we train the three cells, with 64 units each, in the same way for a few seconds. Gradients longer than 1 are cut to
# length 1. This is **gradient clipping** (`clip_norm`); section 8 shows why we need it.


# %%
def learn(data, cell, size, **options):
    likelihood = armod.likelihoods.Categorical(data.num_levels)
    model = armod.RecurrentModel(data.event_shape, size, cell=cell, likelihood=likelihood, seed=seed)
    options |= {"epochs": 1 if quick else 6, "clip_norm": 1.0, "learning_rate_decay": 0.8}
    history = armod.fit(model, data, seed=seed, **options)
    return model.requires_grad_(False), history


def learning_curves(histories, scale, title):
    lines = {f"{name}, valid": history.valid_bits_per_dim for name, history in histories.items()}
    lines["LSTM, train"] = histories["LSTM"].train_bits_per_dim
    lines = {name: [value * scale for value in line] for name, line in lines.items()}
    epochs = range(1, 1 + len(histories["LSTM"]))
    return curves(epochs, lines, title=title, xlabel="epoch", ylabel="bits per character")


writers = {cell: learn(names, cell, 64, batch_size=64, learning_rate=5e-3) for cell in STEP}
histories = {NAMES[cell]: history for cell, (_, history) in writers.items()}
learning_curves(histories, 12 / characters(names.valid), "Names: what three cells learn in six epochs")

# %% [markdown]
# All lines still fall: no cell has begun to overfit.

# %%
entries = {"27 equal faces": math.log2(27), "2-gram": bits_per_character(tables[2], names.test)}
entries["4-gram"] = bits_per_character(tables[4], names.test)
for cell, (model, _) in writers.items():
    entries[f"{NAMES[cell]}, 64 units"] = bits_per_character(model, names.test)
small = [entries[f"{name}, 64 units"] for name in NAMES.values()]
writer = armod.load_pretrained("recurrent-names").double()
entries["LSTM, 128 units, shipped"] = bits_per_character(writer, names.test)


def written_by(model):
    drawn = model.sample(300, generator=torch.Generator().manual_seed(seed))
    return [to_name(name) for name in drawn]


written, known = written_by(writer), {to_name(name) for name in names.train}
unseen = [name for name in written if name not in known]
predict(
    f"The best table needs {entries['4-gram']:.2f} bits for a character of the test names. What does the best of our three small networks need?",
    number(min(small), unit="bits", low=2, high=4),
    reveal=[
        likelihood_bars(entries, unit="bits per character of the test names"),
        f"{', '.join(written[:18])}\n\n{len(unseen)} of {len(written)} are no names of the training set.",
        letters_lab(writers["gru"][0], names.symbols, end="."),
    ],
)

# %% [markdown]
# <details><summary>What happened</summary>
#
# About as many as the table, and the three cells differ by less than a tenth of a bit. So *always count first*: a few
# seconds of training bring a small network as far as counting, and no further.
#
# But the table has reached its end: with a longer past it gets worse. A network has not. With twice the units and more than
# ten times the epochs, the LSTM that ships with the course needs 2.7 bits.
#
# Below the bars are names that it wrote. Most of them can be pronounced, and most are not among the names that it has seen: it
# has learned how names are built, not a list. In the lab our GRU writes; force a letter on it.
#
# </details>

# %% [markdown]
# ## 5. Break it: without the shift
#
# How would we notice if the shift were missing? We take it out: `read` now hands step $t$ the value $x_t$ itself. Nothing
# else changes, nothing warns.

# %%
broken = MyRecurrentModel(12, 27, 64, "gru")
broken.read = lambda x: x.long()  # no shift
armod.fit(broken, names, epochs=3, learning_rate=5e-3, seed=seed)
loss, empty = bits_per_character(broken, names.test), written_by(broken).count("")
predict(
    "The model without its shift learns for three epochs. What do we see?",
    choices(
        {
            "a higher loss, and worse names": (False, False),
            "a lower loss, and better names": (True, False),
            "a loss near 0, and names without a letter": (True, True),
            "nothing new: it learns around it": (False, True),
        },
        answer=(loss < 1, empty > 150),
    ),
    reveal=f"{loss:.3f} bits per character; {empty} of 300 names drawn are empty.\n\n{armod.check_autoregressive(broken)}",
)

# %% [markdown]
# <details><summary>What happened</summary>
#
# The loss is the best so far, and the names have no letter. Each output has learned to copy the value that
# it should predict. While the model samples, that value is not there yet. In its place there is a 0, which means a dot,
# and the model copies the dot.
#
# </details>
#
# The oracle finds it at once: 12 leaks, for each of the 12 variables sees itself. The symptom of such a bug is a likelihood that
# no honest model could have.

# %% [markdown]
# ## 6. Longer sequences: sonnets, and a voice
#
# Names are too short to need a long memory. So we take Shakespeare's 154 sonnets, character by character, line ends included:
# 61 symbols, in windows of 128 characters. There is no padding here, so bits per symbol *are* bits per character.

# %%
sonnets = armod.data.load("sonnets")
readers = {cell: learn(sonnets, cell, 96, batch_size=16, learning_rate=1e-2) for cell in STEP}
histories = {NAMES[cell]: history for cell, (_, history) in readers.items()}
written = decode(readers["gru"][0].sample(1)[0], sonnets.symbols)
four_gram = armod.NGram((128,), 4, num_levels=61).fit(sonnets.train)
models = {NAMES[cell]: model for cell, (model, _) in readers.items()} | {"4-gram": four_gram}
entries = {name: -m.log_prob(sonnets.test).mean().item() / math.log(2) / 128 for name, m in models.items()}
predict(
    "Three networks, and a table that counts which character follows which three (it took a second). Who needs the fewest bits for the held-out sonnets?",
    choices(entries, answer=min(entries.values())),
    reveal=[
        likelihood_bars(
            {"61 equal faces": math.log2(61)} | entries, unit="bits per character of the sonnets"
        ),
        learning_curves(histories, 1, "Sonnets: what three cells learn in six epochs"),
        f"The GRU writes:\n\n{written}",
    ],
)

# %% [markdown]
# <details><summary>What happened</summary>
#
# The table leads by a little, and the gated cells are close behind. A larger network, a
# Transformer, did worse (one training: 2.892 bits, where the table needs 2.478). With more text a network can win: lesson 4.6.2 has a GPT of
# nine plays that beats counting on *Hamlet*.
#
# The GRU's sample has lines, commas at their ends, capitals at their beginnings, and words that could be English. It makes no
# sense.
#
# </details>
#
# How much of the past do these networks *use*? In each window the first character is predicted from nothing, the second
# from one character, the last from 127. We lay windows over the held-out text that overlap, and average the bits over
# characters that are predicted from a past of similar length.

# %%
windows = torch.cat([sonnets.valid, sonnets.test]).flatten().unfold(0, 128, 64 if quick else 16)
edges, by_past = [0, 1, 2, 4, 8, 16, 32, 64, 128], {}
for name, model in models.items():
    each = -model.conditionals(windows).log_prob(windows).mean(0) / math.log(2)
    by_past[name] = [each[i:j].mean().item() for i, j in pairwise(edges)]
from_here = zip(edges[1:], by_past["GRU"], strict=True)
enough = next(edge for edge, bits in from_here if bits < by_past["GRU"][-1] + 0.1)
predict(
    "From which character of a window on is more past worth less than a tenth of a bit to the GRU?",
    number(enough, unit="characters", low=1, high=128, log=True),
    reveal=curves(
        edges[1:],
        by_past,
        title=f"Beyond {enough} characters more past is worth less than a tenth of a bit to the GRU",
        log_x=True,
        xlabel="up to this character",
        ylabel="bits each",
    ),
)

# %% [markdown]
# <details><summary>What happened</summary>
#
# The first character costs more than four bits, the second nearly four. All curves are flat from characters 5 to 8 on. The
# table's must be, for it reads three characters. The networks could use more, but the remaining 120 hardly help them.
#
# </details>
#
# ### A voice
#
# Nothing here is special to letters. A sound is a sequence, too, and a long one: a microphone is read thousands of times a
# second. The course brings 25 seconds of a voice that reads Jane Austen, at
# 8,000 *samples* a second. Each sample is rounded to one of 256 levels (lesson 4.5.2 says how), so our model fits
# unchanged.
#
# We train an LSTM on windows of 160 samples, a fiftieth of a second. Its rivals are two tables. One counts which level
# follows which level. The other counts which level follows which guess of **linear prediction**, the classical method: its
# guess is the weighted sum of the last eight samples that fits best.

# %%
speech = armod.data.load("speech")
short = {split: getattr(speech, split).reshape(-1, 160) for split in ("train", "valid", "test")}
speaker, _ = learn(replace(speech, texts={}, **short), "lstm", 64, batch_size=16, learning_rate=1e-2)


def past(x):  # the eight amplitudes before each sample
    return F.pad(mu_law_decode(x), (8, 0)).unfold(1, 9, 1)[..., :8].flatten(0, 1)


fit = torch.linalg.lstsq(past(short["train"]), mu_law_decode(short["train"]).reshape(-1, 1)).solution
before = {split: F.pad(x[:, :-1].long(), (1, 0), value=128).flatten() for split, x in short.items()}
linear = {split: mu_law_encode((past(x) @ fit)[:, 0].clamp(-1, 1)).long() for split, x in short.items()}
seen, heard = short["train"].flatten().long(), short["test"].flatten().long()
often = seen.bincount(minlength=256) / len(seen) + 1e-6
entries = {"LSTM": -speaker.log_prob(short["test"]).mean().item() / math.log(2) / 160}
for name, given in {"given the level before": before, "given a linear prediction": linear}.items():
    counts = 25 * often + (256 * given["train"] + seen).bincount(minlength=256**2).view(256, 256)
    entries[name] = -(counts / counts.sum(1, keepdim=True)).log2()[given["test"], heard].mean().item()
likelihood_bars(entries, unit="bits per sample of held-out speech")

# %% [markdown]
# Here the network is ahead of both tables, by more than half a bit.
#
# Now the same weights write a whole second, 8,000 steps: a recurrent network is not bound to a length. To compare, we draw a
# second level by level from the frequencies alone.

# %% tags=["nbval-ignore-output"]
levels = {"the voice": speech.test[1:3].flatten(), "the LSTM": speaker.sample(1, length=8000)[0]}
levels["level frequencies"] = often.multinomial(8000, replacement=True)
sounds = {name: mu_law_decode(each) for name, each in levels.items()}


def likeness(wave, lag):
    return ((wave[lag:] * wave[:-lag]).mean() / wave.square().mean()).item()


alike = {name: [likeness(wave, lag) for lag in range(1, 121)] for name, wave in sounds.items()}
heard = alike["the LSTM"][0] > 0.2, max(alike["the LSTM"][70:100]) > 0.3
predict(
    "What will the LSTM's second sound like?",
    choices(
        {
            "a voice, with its pitch": (True, True),
            "a murmur without a pitch": (True, False),
            "a pure hum": (False, True),
            "plain noise": (False, False),
        },
        answer=heard,
    ),
    reveal=[
        sound_player(sounds, speech.sample_rate),
        curves(
            range(1, 121),
            alike,
            title="How much each sound is like itself, a few samples later",
            xlabel="samples later",
            ylabel="autocorrelation",
        ),
    ],
)

# %% [markdown]
# <details><summary>What happened</summary>
#
# The draws from the frequencies are plain noise. The LSTM's second lies between noise and voice:
# a rough murmur, louder and quieter, without a pitch and without a word.
#
# The last picture compares each second with itself, a few samples later: 1 means that the two are the same, 0 that they are
# unrelated. That is the **autocorrelation**. The voice is nearly the same one sample later, and the LSTM's sound comes
# near that. Then the voice comes back: 86 samples later it is like itself again, for it swings about 90 times a
# second, its **pitch**. The LSTM's line stays near 0 there.
#
# </details>
#
# The LSTM uses the last few samples, as the others used the last few letters; a pitch needs more than that. The next two
# sections ask what stands in the way: one obstacle is time, the other distance.

# %% [markdown]
# ## 7. Training is sequential
#
# Teacher forcing gives all conditionals in *one call*. It does not give them in one *step*: $h_{100}$ waits for
# $h_{99}$, and the gradient walks the same way back. This is **backpropagation through time**. A masked model has no
# such chain. To see it we need no clock. Autograd has recorded every operation of the forward pass and who waits for
# whom, so the longest chain of operations can be counted. No machine, however wide, can be faster than its chain.
#
# We count for our own model, written out, and for two masked models of the same $T$ and the same 61 symbols: MADE (lesson
# 4.5.1), and WaveNet, a stack of masked convolutions (lesson 4.5.2).

# %%
letters = armod.likelihoods.Categorical(61)
MODELS = {
    "GRU": lambda T: armod.RecurrentModel((T,), 64, cell="gru", likelihood=letters),
    "LSTM": lambda T: armod.RecurrentModel((T,), 64, cell="lstm", likelihood=letters),
    "WaveNet": lambda T: armod.WaveNet((T,), 32, dilations=[1, 2, 4, 8, 16, 32], likelihood=letters),
    "MADE": lambda T: armod.MADE((T,), [64], likelihood=letters),
}
written_out = {
    "GRU": lambda T: MyRecurrentModel(T, 61, 64, "gru"),
    "LSTM": lambda T: MyRecurrentModel(T, 61, 64, "lstm"),
}
chain = {
    name: [longest_chain(make(T).conditionals(torch.zeros(1, T).long()).logits) for T in (32, 128)]
    for name, make in (MODELS | written_out).items()
}
predict(
    f"For 32 steps the longest chain of our GRU has {chain['GRU'][0]:,} operations. How long is it for 128 steps?",
    number(chain["GRU"][1], unit="operations", low=100, high=10_000, log=True),
    reveal="\n\n".join(
        f"{name}: {short} for T = 32, {long} for T = 128" for name, (short, long) in chain.items()
    ),
)

# %% [markdown]
# <details><summary>What happened</summary>
#
# Four times the length makes the chains of both cells nearly four times as long. The masked models' chains do not change.
#
# </details>
#
# And what does the clock say? We time one training step, forward and backward, for one sequence of length $T$. On a
# *single core*, a model that could do everything at once gains nothing from it.

# %%
lengths = [64, 256] if quick else [64, 128, 256, 512, 1024]


def milliseconds(model, batch=1):
    x = torch.randint(61, (batch, *model.event_shape))
    return 1000 * min(repeat(lambda: model(x).mean().backward(), timer=process_time, number=1, repeat=3))


timed = {name: [milliseconds(make(T)) for T in lengths] for name, make in MODELS.items()}
by_hand = milliseconds(written_out["LSTM"](lengths[-1]))
eight = {name: milliseconds(make(256), 8) / milliseconds(make(256)) for name, make in MODELS.items()}
predict(
    f"At T = {lengths[-1]} the GRU takes {timed['GRU'][-1] / timed['WaveNet'][-1]:.0f} times as long as WaveNet. How many times as long does the LSTM take?",
    number(timed["LSTM"][-1] / timed["WaveNet"][-1], unit="times", low=0.1, high=100, log=True),
    reveal=[
        growth_curves(
            lengths,
            timed,
            title=f"One core, T = {lengths[-1]}: {timed['GRU'][-1]:.0f} ms in the GRU, {timed['LSTM'][-1]:.0f} in torch's LSTM, {by_hand:.0f} in ours",
            x_label="length T",
            y_label="milliseconds for one training step",
        ),
        "Eight sequences at once: "
        + ", ".join(f"{name} {value:.1f}" for name, value in eight.items())
        + " times one.",
    ],
)

# %% [markdown]
# <details><summary>What happened</summary>
#
# About as long as WaveNet, and MADE takes longer than both. So this clock does *not* measure the chain, for the LSTM's
# is about as long as the GRU's. But torch has one compiled loop for the LSTM, while the GRU calls thousands of small
# operations. The control is in the title: our own LSTM has the same equations, calls small operations, too, and is slow
# like the GRU. And MADE pays for its work. It has weights from every step to every later one, so its work grows with
# $T^2$.
#
# The last line shows the overhead: eight sequences are eight times the work, and cost the GRU far less than eight times the
# time.
#
# </details>
#
# On one core, work and overhead decide. With thousands of cores work costs little, and the chain is left. Recurrent networks
# are therefore trained on many sequences side by side. But along *one* sequence nothing can be gained.
#
# Or can it? The chain is so long because a $\tanh$ or a gate needs the whole state before it. Leave that out, and the
# recurrence is **linear**, entry by entry:
#
# $$h_t = \alpha_t\, h_{t-1} + \beta_t,$$
#
# where $\alpha_t$ and $\beta_t$ depend on the inputs alone. Two such steps are again one such step. So neighbours can be joined
# in pairs, all pairs at once, then pairs of pairs, and $T$ steps take only $\log_2 T$ rounds. Newer recurrent models (linear
# attention, state-space models) are built like this.
#
# **Your turn.** Join the two steps $h' = \alpha_1 h + \beta_1$ and $h'' = \alpha_2 h' + \beta_2$ into one. Return its
# $\alpha$ and its $\beta$.


# %%
def joined(alpha_1, beta_1, alpha_2, beta_2):
    return ..., ...


def all_states(alpha, beta):  # every state from h_0 = 0, in rounds of pairs
    reach = 1
    while reach < len(alpha):
        new = joined(alpha[:-reach], beta[:-reach], alpha[reach:], beta[reach:])
        alpha, beta = (torch.cat([old[:reach], each]) for old, each in zip((alpha, beta), new, strict=True))
        reach *= 2
    return beta


alpha, beta, h = torch.rand(64), torch.randn(64), torch.zeros(())
one_by_one = torch.stack([h := a * h + b for a, b in zip(alpha, beta, strict=True)])
if joined(1, 2, 3, 4)[0] is ... or not torch.allclose(all_states(alpha, beta), one_by_one, atol=1e-5):
    print("not yet: h' = h + 2 and h'' = 3 h' + 4 are together h'' = 3 h + 10; you say", joined(1, 2, 3, 4))
else:
    print("right: 64 states in 6 rounds instead of 64 steps")

# %% [markdown]
# ## 8. How far does a gradient reach?
#
# The other obstacle is distance. To learn that the first character matters for the fiftieth, a gradient
# has to come back over 49 steps. Every step multiplies it by the Jacobian $\partial h_t / \partial h_{t-1}$. Multiply
# by 0.8 forty-nine times, and 0.00002 is left. Multiply by 1.2, and it is 7,600. These are the **vanishing** and the
# **exploding gradient**.
#
# We measure. Random weights of a given *scale* (1 means that $U$ keeps the length of a random vector), random inputs,
# and a random gradient at the last state. How long is the gradient that arrives at the input read $k$ steps back, at
# **lag** $k$?


# %%
def reach(cell, scale, gate_bias=0):
    recurrence = random_recurrence(cell, scale=scale, gate_bias=gate_bias, seed=seed)
    generator = torch.Generator().manual_seed(seed)
    inputs = torch.randn(16, 48, 64, generator=generator, dtype=torch.float64).requires_grad_()
    last = unroll(cell, recurrence.parameters(), inputs)[0][:, -1]
    arriving = torch.randn(last.shape, generator=generator, dtype=torch.float64)
    (gradient,) = torch.autograd.grad((last * arriving).sum(), inputs)
    length = gradient.norm(dim=2).mean(0).flip(0)[:24]
    assert torch.allclose(length, gradient_reach(recurrence, seed=seed))  # the library's measurement
    return (length / length[0]).tolist()


just_made = {NAMES[cell]: reach(cell, 1.0) for cell in STEP}
opened = {f"{NAMES[cell]}, gate bias 3": reach(cell, 1.0, gate_bias=3) for cell in ("lstm", "gru")}
left = {name: line[-1] for name, line in just_made.items()}
title = f"At lag 24 {max(left.values()):.4f} of the gradient at lag 1 is left in the best of three new cells"
predict(
    "The LSTM was invented against vanishing gradients. In which cell, newly made, is most of the gradient left at lag 24?",
    choices(left, answer=max(left.values())),
    reveal=reach_curves(
        just_made | opened,
        title=title + f", and {min(line[-1] for line in opened.values()):.2f} or more with open gates",
    ),
)

# %% [markdown]
# <details><summary>What happened</summary>
#
# Straight lines on a logarithmic axis: exponential decay, as the product of Jacobians says. The surprise is that a *new*
# LSTM and a new GRU do no better than the simple RNN; here they do worse. Their gates start half open: $\sigma(0) = 0.5$.
# On the way around the weights the gradient is halved at each step, and $0.5^{23}$ is a ten-millionth. The little that does
# arrive comes through $U$.
#
# </details>
#
# What helps is that the gate *can* open. Add 3 to the bias of the gate that keeps the past (the LSTM's forget gate, which
# forgets less the more it is open, and the GRU's $z$), and it starts at $\sigma(3) = 0.95$. At lag 24
# a third to two thirds of the gradient is left. The simple RNN has no such gate. It can only have larger weights, and then?
#
# Predict before you turn the knobs. (The recall task below the picture answers the next card: look there later.)
#
# 1. Simple RNN: is there a weight scale at which gradients neither vanish nor explode? How long does it hold?
# 2. LSTM with gate bias 3: how much does the weight scale matter?
# 3. What does the scale do to lag 2, and what to lag 24?

# %% tags=["nbval-ignore-output"]
reach_lab("rnn", 1.0)

# %% [markdown]
# The simple RNN sits on a knife's edge between 1.5 and 2: the gradient vanishes below it and explodes above it, and nothing
# holds the weights there while they learn. When a gradient explodes, one bad batch throws all weights far away; gradient
# clipping makes that harmless. Nothing so cheap helps against vanishing. The open LSTM hardly cares
# about the scale: its second way does not lead through $U$. And lag 2 looks harmless everywhere: a factor near 1 for one step
# is far from 1 after 23.
#
# ### Does it matter?
#
# A gradient before training is one thing, and what a network can learn is another. So here is a task with nothing but
# distance. The first symbol, one of four, comes again at the end; everything between is noise. A network that remembers
# needs 0 bits for the last symbol, one that forgets needs 2.
#
# Only the last symbol can be known. The noise costs 2 bits a symbol whatever a network does, so we learn and score the
# recalled symbol *alone*. Every batch is new: the loss is that of held-out data.


# %%
def recall(cell, gate_bias):  # bits of the recalled symbol, in the course of training
    four = armod.likelihoods.Categorical(4)
    model = armod.RecurrentModel((distance + 1,), 32, cell=cell, likelihood=four, seed=seed)
    with torch.no_grad():
        model.recurrence.bias_ih_l0[32:64] += gate_bias
    optimizer, line = torch.optim.Adam(model.parameters(), lr=1e-2), []
    for _ in range(100 if quick else 240):
        x = torch.randint(4, (64, distance + 1))
        x[:, -1] = x[:, 0]
        recalled = -model.log_prob_per_variable(x)[:, -1].mean()
        optimizer.zero_grad()
        recalled.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        line.append(recalled.item() / math.log(2))
    return torch.tensor(line).unfold(0, 20, 20).mean(1).tolist()


# %% [markdown]
# `gate_bias` opens the LSTM's forget gate, or the GRU's $z$, at the start.

# %%
nets, distance = {"simple RNN": ("rnn", 0), "LSTM": ("lstm", 0)}, 10 if quick else 40
nets |= {f"{NAMES[cell]}, gate bias 5": (cell, 5) for cell in ("lstm", "gru")}
recalled = {name: recall(*net) for name, net in nets.items()}
remembers = {name: line[-1] < 1 for name, line in recalled.items()}
steps = range(20, 20 * len(recalled["LSTM"]) + 1, 20)
title = f"Distance {distance}: {' and '.join(name for name in nets if remembers[name]) or 'nobody'} learned to remember"
labels = {"xlabel": "training steps", "ylabel": "bits for the recalled symbol", "floor": ("guessing", 2.0)}
predict(
    f"The symbol comes back {distance} steps later. An LSTM as torch makes it, with gate biases near 0, and the same with a forget bias of 5: who remembers?",
    choices(
        {
            "both": (True, True),
            "the one with bias 5": (False, True),
            "the one with bias 0": (True, False),
            "neither": (False, False),
        },
        answer=(remembers["LSTM"], remembers["LSTM, gate bias 5"]),
    ),
    reveal=curves(steps, recalled, title=title, ylim=(0, 2.4), **labels),
)

# %% [markdown]
# <details><summary>What happened</summary>
#
# The two networks with open gates have learned the task, at distance 40, in 240 steps. The others still guess. The only
# difference between the two LSTMs is 5 in one bias at the start. Here are four seeds of each, after 300 steps, in bits (0 is
# perfect, 2 is guessing):
#
# | after 300 steps | distance 10 | distance 40 |
# |---|---|---|
# | simple RNN | 0.00, 0.00, 1.19, 2.03 | 2.01, 2.02, 2.00, 2.01 |
# | LSTM | 2.00, 0.00, 0.00, 0.00 | 2.00, 2.00, 2.00, 2.00 |
# | GRU | 0.00, 0.00, 0.00, 0.00 | 2.00, 0.83, 2.00, 2.00 |
# | LSTM, gate bias 5 | 0.00, 0.00, 0.00, 0.00 | 0.00, 0.16, 0.00, 0.00 |
# | GRU, gate bias 5 | 0.00, 0.00, 0.00, 0.00 | 0.00, 0.00, 0.00, 0.00 |
#
# The score matters, too. Let the two open networks learn *all* symbols instead, the noise included, at distance 40: all eight
# still guess after 300 steps, at 2.00 bits. The noise drowns the one symbol that can be known.
#
# So gates do what they were made for, if they start open.
#
# </details>
#
# Even an open gate costs a factor at each step: $\sigma(5)$ is 0.993, which after 100 steps leaves a half, and after 1,000 a
# thousandth.
#
# A masked convolution or a Transformer connects distant steps by a *short* path. That, beside the shorter chain of
# operations, is the reason for the lessons that follow.

# %% [markdown]
# ## Summary
#
# - A recurrent network carries a state of fixed size: $h_t = \mathrm{step}(h_{t-1}, x_{t-1})$, $p(x_t \mid x_{<t}) = \mathrm{head}(h_t)$, for any length.
# - LSTM and GRU add a way around the weights, on which the past is only multiplied by a gate; their equations are a few lines each.
# - Teacher forcing is the chain rule itself: the true past at every step, one call a sequence. The shift makes it honest.
# - Count first: on names and sonnets the best n-gram is as good as small networks; they need more units, more training or more data to pass it.
# - The chain of operations grows with the sequence. Gradients vanish or explode exponentially with the lag; open gates slow that down.

# %% tags=["nbval-ignore-output"]
display(predictions())
lesson_quiz("4_4_recurrent_networks")

# %% [markdown]
# ## Exercises
#
# [Your own copy of the exercises](my_exercises/4_4_recurrent_networks.ipynb) opens in JupyterLab. You count bits without
# padding, write a GRU from its equations, find a leaking shift, measure the reach of a gradient, sample, and train a network
# whose likelihood is recomputed from its weights; each answer is checked as soon as you run it.
#
# ## Further reading
#
# - I. Goodfellow, Y. Bengio, A. Courville, *Deep Learning*, section 10.2: recurrent networks, 10.2.1: teacher forcing;
#   section 10.7: the challenge of long-term dependencies; section 10.10: LSTM and other gated networks; section 10.11.1:
#   clipping gradients; section 12.4.1: n-grams.
# - S. Hochreiter, J. Schmidhuber, *Long Short-Term Memory*, Neural Computation 9(8), 1997; F. Gers, J. Schmidhuber,
#   F. Cummins, *Learning to Forget*, Neural Computation 12(10), 2000: the forget gate.
# - K. Cho et al., *Learning Phrase Representations using RNN Encoder-Decoder for Statistical Machine Translation*, EMNLP 2014,
#   section 2.3: the GRU.
# - R. Jozefowicz, W. Zaremba, I. Sutskever, *An Empirical Exploration of Recurrent Network Architectures*, ICML 2015: the
#   forget gate's bias.
# - R. Pascanu, T. Mikolov, Y. Bengio, *On the difficulty of training recurrent neural networks*, ICML 2013: section 2 for
#   vanishing and exploding gradients, section 3.2 for clipping.
# - S. Bengio et al., *Scheduled Sampling for Sequence Prediction with Recurrent Neural Networks*, NeurIPS 2015: exposure bias.
# - E. Martin, C. Cundy, *Parallelizing Linear Recurrent Neural Nets Over Sequence Length*, ICLR 2018.
# - A. Graves, *Generating Sequences With Recurrent Neural Networks*, 2013: section 3 for text.
#
# ---
#
# [← 4.3 Maximum likelihood: the best explanation, and how good it is](4_3_maximum_likelihood.ipynb) · [The course map](index.ipynb) · [4.5.1 MADE: one network, every conditional →](4_5_1_made.ipynb)
