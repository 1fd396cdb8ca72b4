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
# - turn a recurrent network into an autoregressive model, and train it with teacher forcing
# - state bits per character so that padding does not flatter them
# - recognise a leak by a loss near 0 and nonsense samples
# - measure why training is sequential, and how far back a gradient reaches
#
# **Minutes** 60 · **Needs** chain rule; maximum likelihood · **Teaches** recurrent networks; teacher forcing; vanishing gradients

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
from armod.measures.longest_chain import longest_chain
from armod.figures.curves import curves
from armod.figures.growth import growth_curves
from armod.measures.gradient_reach import CELL_NAMES as NAMES
from armod.measures.gradient_reach import gradient_reach, random_recurrence
from armod.course.labs.reach.picture import reach_curves, unrolled_figure
from armod.mu_law import mu_law_decode
from armod.course.labs import lesson_quiz
from armod.course.labs import reach_lab
from armod.course.labs import sound_player

torch.manual_seed(seed)
torch.set_num_threads(1)  # small matrices: a second thread costs more than it saves

# %% [markdown]
# ## 1. One state for the whole past
#
# The chain rule asks for $p(x_t \mid x_1, \dots, x_{t-1})$ at every $t$. The past grows with every step. A table of
# counts would need a cell for each past. A network with one input for each past value would need a new input for each
# step, and it could not read a longer sequence than it was built for.
#
# You do not read that way. You do not go back to the first letter of this page before each new one. You carry something
# along, and change it a little with every letter. A recurrent network does the same with a vector, its **state**:
#
# $$h_t = f(h_{t-1}, x_{t-1}), \qquad p(x_t \mid x_{<t}) = g(h_t).$$
#
# The functions $f$ and $g$ are the same at every step. To see what that means, *unroll* the loop in time.

# %%
unrolled_figure([*"mary."], title="One network, used five times, writes “mary.”")

# %% [markdown]
# Read the picture from the left. Step 1 reads a start symbol, since nothing came before, and predicts the first letter.
# Step 2 reads that letter and the state of step 1, and predicts the second. The last step predicts the end of the
# name, written as a dot. Each arrow between states is the same $f$ with the same weights. So the number of weights
# does not depend on the length, and a name may have any.
#
# All that step 5 knows about *m*, *a* and *r* has come to it through $h_4$. There is no other way in.

# %% [markdown]
# ## 2. Three cells
#
# What is $f$? Three answers are in use. All three begin with two weighted sums: one of what is read, *below* in the
# picture, and one of the state before, the *past*:
#
# $$a_t = W x_{t-1} + b, \qquad p_t = U h_{t-1} + d.$$
#
# They differ in what they do with the two. (Products of vectors go entry by entry, and $\sigma(u) = 1 / (1 + e^{-u})$.)
#
# **The simple RNN** adds them and squashes the sum. The whole state is written anew at each step:
#
# $$h_t = \tanh(a_t + p_t).$$
#
# **The LSTM** carries a second vector, the memory $c_t$. Its sum $a_t + p_t$ is four times as long as the state; the four
# parts are called $i, f, g, o$. Three of them become *gates*, numbers between 0 and 1, which decide for every entry how
# much to write, to keep and to show. The fourth, $g$, is what may be written:
#
# $$c_t = \sigma(f)\, c_{t-1} + \sigma(i) \tanh(g), \qquad h_t = \sigma(o) \tanh(c_t).$$
#
# **The GRU** needs no second vector. Its sums have three parts, $r, z, n$. The gate $z$ fades between the old state and a
# candidate $\tilde h$; the gate $r$ decides how much of the past the candidate may use:
#
# $$\tilde h = \tanh(n_a + \sigma(r)\, n_p), \qquad h_t = (1 - \sigma(z))\, \tilde h + \sigma(z)\, h_{t-1}.$$


# %%
def rnn_step(below, past, state):
    return (torch.tanh(below + past),)


def lstm_step(below, past, state):
    i, f, g, o = (below + past).chunk(4, dim=-1)
    memory = f.sigmoid() * state[1] + i.sigmoid() * g.tanh()
    return o.sigmoid() * memory.tanh(), memory


def gru_step(below, past, state):
    (r, z, n), (r_past, z_past, n_past) = below.chunk(3, dim=-1), past.chunk(3, dim=-1)
    keep = (z + z_past).sigmoid()
    candidate = torch.tanh(n + (r + r_past).sigmoid() * n_past)
    return ((1 - keep) * candidate + keep * state[0],)


STEP = {"rnn": rnn_step, "lstm": lstm_step, "gru": gru_step}

# %% [markdown]
# Look at where the past enters. In the simple RNN it always passes through $U$ and a $\tanh$. In the LSTM and the GRU
# there is a second way, on which an old value is multiplied by a gate and nothing else. If the gate is 1, the value
# stays as it is. Keep that in mind for section 8.
#
# > **Precision.** In the GRU's first paper the reset gate multiplies the state *before* the product with $U$. Torch, and
# > so this lesson, lets it multiply the product. Weights made for one variant do not fit the other.
#
# Now the loop, the same for all three. It takes inputs `(N, T, width)` and the weights in torch's order, runs from left to
# right, and keeps every state. It also returns what to go on from. The first state is zero.


# %%
def unroll(cell, weights, inputs, state=None):
    W, U, b, d = weights
    state = state or (inputs.new_zeros(len(inputs), U.shape[1]),) * 2
    states = []
    for x in inputs.unbind(1):
        state = STEP[cell](x @ W.T + b, state[0] @ U.T + d, state)
        states.append(state[0])
    return torch.stack(states, dim=1), state


# %% [markdown]
# Do our equations say what torch computes?

# %%
TORCH = {"rnn": nn.RNN, "lstm": nn.LSTM, "gru": nn.GRU}
inputs = torch.randn(4, 30, 8).double()
for cell, layer in TORCH.items():
    theirs = layer(8, 16, batch_first=True).double()
    ours, _ = unroll(cell, list(theirs.parameters()), inputs)
    print(f"{NAMES[cell]}: up to {(ours - theirs(inputs)[0]).abs().max():.0e} from torch after 30 steps")
    assert torch.allclose(ours, theirs(inputs)[0], atol=1e-12)

# %% [markdown]
# They agree to the last digits. Nothing else is hidden in `nn.LSTM` than these lines.
#
# And the claim that the state *summarises* the past? Read 20 steps, keep nothing but the state, throw the inputs away,
# and go on.
#
# **Predict:** how much do the states of the last ten steps change?

# %%
for cell, layer in TORCH.items():
    weights = list(layer(8, 16, batch_first=True).double().parameters())
    whole, _ = unroll(cell, weights, inputs)
    _, kept = unroll(cell, weights, inputs[:, :20])
    assert torch.equal(unroll(cell, weights, inputs[:, 20:], kept)[0], whole[:, 20:])
print("states after the cut: the same, bit by bit")

# %% [markdown]
# Not at all. Sixteen numbers (32 in the LSTM) stand for all that was read. That is the strength of a recurrent network:
# its memory does not grow. It is the weakness too: two pasts that end in one state have one future, and what did not
# fit into the state is gone.

# %% [markdown]
# ## 3. An autoregressive model, and teacher forcing
#
# Three parts make a model of sequences. An embedding gives each level a vector, with one more for the start. The cells
# turn vectors into states. A linear head turns each state into a categorical distribution.
#
# One line decides whether all this is a chain rule: the **shift**. Step $t$ must predict $x_t$, so it reads $x_{t-1}$.
#
# While the model *learns*, all values are known. So every step reads the true value before it, even where the model
# would have guessed another. This is **teacher forcing**. It is no approximation: the chain rule itself asks for
# $p(x_t \mid x_{<t})$ at the true $x_{<t}$. It needs one call for a whole sequence. While the model *samples*, it reads
# what it wrote itself, one step after the other. Both views must give the same conditionals.


# %%
class MyRecurrentModel(armod.AutoregressiveModel):
    def __init__(self, length, num_levels, size, cell):
        super().__init__()
        self.event_shape, self.ordering = torch.Size([length]), armod.orderings.raster((length,))
        self.cell, self.start = cell, num_levels
        self.embedding = nn.Embedding(num_levels + 1, size)
        self.recurrence = TORCH[cell](size, size, batch_first=True)
        self.head = nn.Linear(size, num_levels)

    def read(self, x):
        return F.pad(x[:, :-1].long(), (1, 0), value=self.start)  # the shift

    def conditionals(self, x, context=None):
        states, _ = unroll(self.cell, list(self.recurrence.parameters()), self.embedding(self.read(x)))
        return Categorical(logits=self.head(states))


for cell in STEP:
    theirs = armod.RecurrentModel((12,), 16, cell=cell, likelihood=armod.likelihoods.Categorical(27))
    mine = MyRecurrentModel(12, 27, 16, cell)
    mine.embedding.weight.data.copy_(theirs.inputs.table())
    mine.recurrence.load_state_dict(theirs.recurrence.state_dict())
    mine.head.load_state_dict(theirs.head.state_dict())
    x = torch.randint(27, (5, 12))
    assert torch.allclose(mine.log_prob(x), theirs.log_prob(x), atol=1e-4)
print(armod.check_autoregressive(mine))

one_call, one_at_a_time = theirs.conditionals(x).logits, theirs.incremental(len(x))
for t in range(12):
    assert torch.allclose(one_at_a_time.conditional().logits, one_call[:, t], atol=1e-5)
    one_at_a_time.append(x[:, t])

# %% [markdown]
# Three proofs in one cell. Our model and `armod.RecurrentModel` give the same likelihoods. The oracle, which changes one
# value at a time and watches which outputs move, finds no leak. And twelve steps taken one at a time, as in sampling,
# give the conditionals of the one call with the true past, as in learning.

# %% [markdown]
# ## 4. Names, letter by letter
#
# The course brings the 5,163 first names of the United States census of 1990. Every tenth is kept for the test. Each
# name is filled up with dots to 12 symbols.
#
# **What about the padding?** After the first dot all others are certain, and a good model gives them for nothing.
# Bits per *symbol* would therefore look wonderful, and better the more dots we add. An honest unit divides the bits of a
# whole name by what has to be guessed: its letters and *one* end. On the test names that is 7.05 characters a name
# instead of 12.
#
# We need something to beat: fair dice with 27 faces, the frequency of each letter, and the frequency of each letter
# *given the one before*. The last of these is an autoregressive model too, with a memory of one letter.

# %%
names = armod.data.load("names")


def shifted(x):
    return F.pad(x[:, :-1].long(), (1, 0), value=27)


def table_bits(table, before, x):
    return -(table / table.sum(1, keepdim=True)).log2()[before, x].mean().item()


x, before = names.test.long(), shifted(names.test)
is_counted = before > 0  # all but the padding
characters = is_counted.sum(1).double().mean().item()
counts = torch.zeros(28, 27).index_put_(
    (shifted(names.train), names.train.long()), torch.tensor(1.0), accumulate=True
)
tables = {"27 equal faces": torch.ones(28, 27), "letter frequencies": counts[1:].sum(0).expand(28, 27)}
tables["given the letter before"] = counts + 0.1
bits = {name: table_bits(table, before[is_counted], x[is_counted]) for name, table in tables.items()}
print(f"{characters:.2f} characters a name;", {name: round(value, 2) for name, value in bits.items()})
assert round(characters, 2) == 7.05 and [round(value, 1) for value in bits.values()] == [4.8, 4.1, 3.4]

# %% [markdown]
# Knowing how often each letter comes saves much, and one letter of memory saves as much again. Now the three cells, 64
# units each, trained in the same way for a few seconds, and beside them the larger LSTM that ships with the course.
# Gradients longer than 1 are cut to length 1 (`clip_norm`); section 8 shows why.
#
# **Predict:** which cell wins, and by how much?


# %%
def learn(data, cell, size, **options):
    likelihood = armod.likelihoods.Categorical(data.num_levels)
    model = armod.RecurrentModel(data.event_shape, size, cell=cell, likelihood=likelihood, seed=seed)
    options |= {"epochs": 1 if quick else 6, "clip_norm": 1.0, "learning_rate_decay": 0.8}
    armod.fit(model, data, seed=seed, **options)
    return model.requires_grad_(False)


def in_bits(receipt, characters):
    return tuple(value / math.log(2) / characters for value in (receipt.nats, receipt.standard_error))


for cell in STEP:
    model = learn(names, cell, 64, batch_size=64, learning_rate=5e-3)
    bits[f"{NAMES[cell]}, 64 units"] = in_bits(armod.evaluate(model, names, seed=seed), characters)
three = [bits[f"{name}, 64 units"][0] for name in NAMES.values()]
assert (
    max(three) < bits["given the letter before"] - (0 if quick else 0.35) and max(three) - min(three) < 0.15
)
writer = armod.load_pretrained("recurrent-names").double()
receipt = armod.evaluate(writer, names, seed=0)
bits["LSTM, 128 units, shipped"] = in_bits(receipt, characters)
print(receipt)
assert round(bits["LSTM, 128 units, shipped"][0], 1) == 2.7 and round(receipt.bits_per_dim, 1) == 1.6
title = f"Three small networks need {min(three):.2f} to {max(three):.2f} bits per character"
likelihood_bars(bits, unit="bits per character", title=title)

# %% [markdown]
# All three beat the table of pairs, by about half a bit. They differ by less than 0.15 bits, which is not much more than
# other test names would change (the black whiskers are standard errors). If you predicted a clear winner: names are short.
# Whoever remembers four or five letters knows nearly all that there is to know. Twice the units and ten times the training
# bring more than the choice of a cell: 2.7 bits.
#
# Look at the receipt above the picture. Its 1.6 bits *per dimension* count the padding; it is the same model.
#
# What does it write?


# %%
def written_by(model):
    drawn = model.sample(300, generator=torch.Generator().manual_seed(seed))
    return [to_name(name) for name in drawn]


written, known = written_by(writer), {to_name(name) for name in names.train}
unseen = [name for name in written if name not in known]
print(*(", ".join(written[start : start + 9]) for start in (0, 9, 18)), sep="\n")
print(f"{len(unseen)} of 300 are no names of the training set")
assert len(unseen) > 150

# %% [markdown]
# Most of them can be said, and most are no names that it has seen: it has learned how names are built, not a list.
#
# ## 5. Break it: without the shift
#
# We take the shift out: `read` now hands step $t$ the value $x_t$ itself. Nothing else changes, nothing warns.
#
# **Predict:** will the loss be higher or lower? And what will the samples be?


# %%
broken = MyRecurrentModel(12, 27, 64, "gru")
broken.read = lambda x: x.long()  # no shift
armod.fit(broken, names, epochs=3, learning_rate=5e-3, seed=seed)
loss, _ = in_bits(armod.evaluate(broken, names), characters)
empty, report = written_by(broken).count(""), armod.check_autoregressive(broken)
print(f"{loss:.3f} bits per character? {empty} of 300 names drawn are empty.")
print(report)
assert loss < 0.3 and empty > 270 and len(report.leaks) == 12

# %% [markdown]
# A loss near 0, the best we have ever seen, and names without a letter. Each output has learned to copy the value that
# it should predict. While the model samples, that value is not there yet. In its place stands a 0, which means a dot,
# and the model copies the dot.
#
# The oracle needs one line to say so: each of the 12 variables sees itself. In a masked model the same bug is a wrong
# inequality; here it is a missing shift. Both times the symptom is a likelihood that no honest model could have.

# %% [markdown]
# ## 6. Longer sequences: sonnets, and a voice
#
# Shakespeare's 154 sonnets, character by character, line ends included: 61 symbols, in windows of 128. There is no
# padding here, so bits per symbol *are* bits per character.

# %%
sonnets = armod.data.load("sonnets")
readers = {cell: learn(sonnets, cell, 96, batch_size=16, learning_rate=1e-2) for cell in STEP}
receipts = {NAMES[cell]: armod.evaluate(model, sonnets, seed=seed) for cell, model in readers.items()}
print(receipts["GRU"], decode(readers["gru"].sample(1)[0], sonnets.symbols), sep="\n\n")
bits = {name: in_bits(receipt, 128) for name, receipt in receipts.items()}
assert max(value for value, _ in bits.values()) < (3.4 if quick else 2.7)
title = f"The best of three networks needs {min(bits.values())[0]:.1f} of the 5.9 bits of equal faces"
likelihood_bars({"61 equal faces": math.log2(61)} | bits, unit="bits per character", title=title)

# %% [markdown]
# From 5.9 bits to about two and a half, in seconds. The sample has lines of about the right length, commas at their
# ends, capitals at their beginnings, and words that could be English. It has no sense at all.
#
# Before you admire them: a table that only counts which character follows which three (`armod.NGram` of order 4, one
# second of counting) needs 2.478 bits on the same windows. On so little text a network has to work to beat a table.
#
# How much of the past do these networks *use*? In each window the first character is predicted from nothing, the second
# from one character, the last from 127. We lay windows over the held-out text that overlap, and average the bits over
# characters that are predicted from a past of similar length.
#
# **Predict:** after how many characters does more past stop to help?

# %%
windows = torch.cat([sonnets.valid, sonnets.test]).flatten().unfold(0, 128, 64 if quick else 16)
edges, by_past = [0, 1, 2, 4, 8, 16, 32, 64, 128], {}
for cell, model in readers.items():
    each = -model.conditionals(windows).log_prob(windows).mean(0) / math.log(2)
    by_past[NAMES[cell]] = line = [each[i:j].mean().item() for i, j in pairwise(edges)]
    assert line[0] > 4 and line[1] > line[3] + 0.4 and line[3] - line[7] < 0.1
title = "Beyond eight characters more past hardly helps any of the three"
curves(edges[1:], by_past, title=title, log_x=True, xlabel="up to this character", ylabel="bits each")

# %% [markdown]
# The first character costs more than four bits, the second nearly four. Up to the eighth the curves fall steeply; all
# that comes after is worth less than a tenth of a bit. So these small networks use about a word and a half, and the
# remaining 120 characters of the past hardly at all. Is nothing to be learned from them? A reader would know the rhyme,
# the theme, the speaker.
#
# ### A voice
#
# Nothing here is special to letters. A series of measurements is a sequence too, and the longest ones are sounds: a
# microphone is read thousands of times a second. The course brings 25 seconds of a voice that reads Jane Austen, at
# 8,000 *samples* a second. Each sample is rounded to one of 256 levels (lesson 4.5.2 says how), so our model fits
# unchanged.
#
# We train an LSTM on windows of 160 samples, a fiftieth of a second. Then the same weights write a whole second, 8,000
# steps: no weight belongs to a position, so a recurrent network is not bound to a length. To compare, we draw a second
# level by level from the frequencies alone.
#
# **Predict:** what will the LSTM's second sound like: words, syllables, a hum, noise?


# %% tags=["nbval-ignore-output"]
speech = armod.data.load("speech")
short = {split: getattr(speech, split).reshape(-1, 160) for split in ("train", "valid", "test")}
voice = replace(speech, texts={}, **short)
speaker = learn(voice, "lstm", 64, batch_size=16, learning_rate=1e-2)

before, x = voice.train[:, :-1].long(), voice.train[:, 1:].long()
pairs = torch.zeros(256, 256).index_put_((before, x), torch.tensor(1.0), accumulate=True)
often, test = pairs.sum(0) / pairs.sum() + 1e-6, voice.test.long()
tables = {"level frequencies": often.expand(256, 256), "given the level before": pairs + 25 * often}
bits = {name: table_bits(table, test[:, :-1], test[:, 1:]) for name, table in tables.items()}
bits["LSTM"], _ = in_bits(armod.evaluate(speaker, voice, seed=seed), 160)
print("bits per sample:", {name: round(value, 2) for name, value in bits.items()})
assert [round(value, 1) for value in bits.values()][:2] == [7.6, 5.9]
assert bits["LSTM"] < (5.8 if quick else 5.4)

levels = {"the voice": speech.test[1:3].flatten(), "the LSTM": speaker.sample(1, length=8000)[0]}
levels["level frequencies"] = often.multinomial(8000, replacement=True)
sounds = {name: mu_law_decode(each) for name, each in levels.items()}


def likeness(wave, lag):
    return ((wave[lag:] * wave[:-lag]).mean() / wave.square().mean()).item()


alike = {name: [likeness(wave, lag) for lag in range(1, 121)] for name, wave in sounds.items()}
real, lstm, noise = alike.values()
assert real[0] > 0.85 and real[85] > 0.5 and max(lstm[39:] + noise) < 0.2
assert lstm[0] > (0.3 if quick else 0.5)
display(sound_player(sounds, speech.sample_rate))
title = "The LSTM's sound is like the voice's for a few samples; it has no swing"
curves(range(1, 121), alike, title=title, xlabel="samples later", ylabel="likeness to itself")

# %% [markdown]
# Little more than 5 bits a sample, against 5.9 for the table of pairs and 8 for equal levels. Now listen, or look at the waves.
# The draws from the frequencies are plain noise. The LSTM's second is in between: a rough murmur, with louder and
# quieter stretches, but without a pitch and without a word.
#
# The last picture says what it has learned. It compares each second with itself, a few samples later: 1 means the same,
# 0 that the two have nothing to do with each other. The voice is nearly the same one sample later, and the LSTM's sound
# comes near that. Then the voice comes back: 86 samples later it is like itself again, for it swings about 90 times a
# second. The LSTM's line stays at 0 there. It knows the last few samples, as it knew the last few letters; what a pitch
# needs lies further back. The next two sections ask what stands in the way.

# %% [markdown]
# ## 7. Training is sequential
#
# Teacher forcing gives all conditionals in *one call*. It does not give them in one *step*: $h_{100}$ waits for $h_{99}$,
# and the gradient walks the same way back. A masked model has no such chain. What does the clock say?
#
# We time one training step, forward and backward, for one sequence of length $T$, on one core. Beside our cells stand
# two masked models of the same $T$: MADE, with as many variables, and WaveNet, masked convolutions, the subject of
# lesson 4.5.2.
#
# **Predict:** how much longer do the models take for a sequence 16 times as long?

# %%
letters, coins = armod.likelihoods.Categorical(61), armod.likelihoods.Bernoulli()
MODELS = {
    "GRU": lambda T: armod.RecurrentModel((T,), 64, cell="gru", likelihood=letters),
    "LSTM": lambda T: armod.RecurrentModel((T,), 64, cell="lstm", likelihood=letters),
    "WaveNet": lambda T: armod.WaveNet((T,), 32, dilations=[1, 2, 4, 8, 16, 32], likelihood=letters),
    "MADE": lambda T: armod.MADE((T,), [64], likelihood=coins),
}
lengths = [64, 256, 1024] if quick else [64, 128, 256, 512, 1024]


def milliseconds(model, batch=1):
    x = torch.randint(2, (batch, *model.event_shape))
    return 1000 * min(
        repeat(lambda: model(x).mean().backward(), timer=process_time, number=1, repeat=4 if quick else 8)
    )


timed = {name: [milliseconds(make(T)) for T in lengths] for name, make in MODELS.items()}
assert timed["GRU"][-1] > max(5 * timed["GRU"][0], 2 * timed["WaveNet"][-1], 10 * timed["MADE"][-1])
lstm = timed.pop("LSTM")
print(f"T = 1024: GRU {timed['GRU'][-1]:.0f} ms, LSTM {lstm[-1]:.0f} ms")
eight = {name: milliseconds(MODELS[name](256), 8) / milliseconds(MODELS[name](256)) for name in timed}
print("eight sequences at once:", {name: f"{value:.1f} times one" for name, value in eight.items()})
assert eight["GRU"] < min(4, eight["WaveNet"])
title = "The GRU's training step takes time in proportion to T; MADE's hardly grows"
growth_curves(lengths, timed, title=title, x_label="length T", y_label="milliseconds for one training step")

# %% [markdown]
# Follow the GRU: 16 times the length, about 16 times the time. MADE hardly notices. WaveNet does the same few
# operations for any $T$, only wider ones. Even on one core, where wider means more work, it is several times faster than
# the GRU.
#
# The LSTM surprises: printed above the picture, it is much faster than the GRU. For most processors torch has a compiled
# loop for the LSTM alone; the GRU calls one small operation after the other, thousands of them. That changes what a step
# costs, not how many steps wait for each other. How many? Autograd has recorded every operation of the forward pass, so
# the longest chain can be counted. We count that of our own model, written out.

# %%
chain = {}
for T in (32, 128):
    zeros = torch.zeros(1, T, dtype=torch.int64)
    models = [MyRecurrentModel(T, 61, 64, "gru"), MODELS["WaveNet"](T), MODELS["MADE"](T)]
    chain[T] = [longest_chain(model.conditionals(zeros).logits) for model in models]
    print(f"T = {T}: longest chain {chain[T][0]} in the GRU, {chain[T][1]} in WaveNet, {chain[T][2]} in MADE")
assert chain[128][0] > 3.5 * chain[32][0] and chain[128][1:] == chain[32][1:]

# %% [markdown]
# Four times the length makes the GRU's chain four times as long. The masked models' chains do not change. No machine,
# however wide, can be faster than its chain.
#
# Small operations also leave a machine idle. Look again at the line above the timing picture. Eight sequences are eight
# times the work, and cost the GRU less than four times the time; WaveNet, which was busy before, pays more. So recurrent
# networks are trained on many sequences side by side. Along *one* sequence nothing can be gained, on this core or on ten
# thousand. Masked models are parallel along the sequence too. That is one reason why they have taken over. Here is the
# other.

# %% [markdown]
# ## 8. How far does a gradient reach?
#
# To learn that the first character matters for the fiftieth, a gradient has to come back over 49 steps. Every step
# multiplies it by the Jacobian $\partial h_t / \partial h_{t-1}$. Multiply by 0.8 forty-nine times, and 0.00002 is left.
# Multiply by 1.2, and it is 7,600.
#
# We measure. Random weights of a given *scale* (1 means that $U$ keeps the length of a random vector), random inputs,
# and a random gradient at the last state. How long is what arrives at the input read $k$ steps back, at **lag** $k$? We
# use our own equations, and hold them against `armod`'s measurement.
#
# **Predict:** the LSTM was invented against vanishing gradients. Will it be far better than the simple RNN here?


# %%
def reach(cell, scale, gate_bias=0):
    recurrence = random_recurrence(cell, scale=scale, gate_bias=gate_bias, seed=seed)
    generator = torch.Generator().manual_seed(seed)
    inputs = torch.randn(16, 48, 64, generator=generator, dtype=torch.float64).requires_grad_()
    last = unroll(cell, list(recurrence.parameters()), inputs)[0][:, -1]
    arriving = torch.randn(last.shape, generator=generator, dtype=torch.float64)
    (gradient,) = torch.autograd.grad((last * arriving).sum(), inputs)
    length = gradient.norm(dim=2).mean(0).flip(0)[:24]
    assert torch.allclose(length, gradient_reach(recurrence, seed=seed))
    return (length / length[0]).tolist()


just_made = {NAMES[cell]: reach(cell, 1.0) for cell in STEP}
opened = {f"{NAMES[cell]}, gate bias 3": reach(cell, 1.0, gate_bias=3) for cell in ("lstm", "gru")}
assert round(0.8**49, 5) == 0.00002 and round(1.2**49, -2) == 7600
assert max(just_made["LSTM"][-1], just_made["GRU"][-1]) < just_made["simple RNN"][-1] < 0.01
assert all(0.25 < line[-1] < 0.75 for line in opened.values())
assert reach("rnn", 1.5)[-1] < 1 < reach("rnn", 2.0)[-1]
title = "New LSTMs and GRUs forget too; an open gate carries the gradient through"
reach_curves(just_made | opened, title=title)

# %% [markdown]
# Straight lines on a logarithmic axis: exponential decay, as the product of Jacobians says. The surprise is that a *new*
# LSTM and a new GRU do no better than the simple RNN; here they do worse. Their gates start half open: $\sigma(0) = 0.5$.
# Whatever takes the second way is halved at each step, and $0.5^{23}$ is a ten-millionth.
#
# What helps is that the gate *can* open. Add 3 to the bias of the gate that keeps the past (the forget gate, which
# forgets less the more it is open, and the GRU's $z$), and it starts at $\sigma(3) = 0.95$. After 24 steps
# a third to two thirds of the gradient is left. The simple RNN has no such gate. It can only have larger weights, and then?
#
# Turn the knobs. Predict before you turn:
#
# 1. Simple RNN: is there a weight scale at which gradients neither vanish nor explode? How long does it hold?
# 2. LSTM with gate bias 3: how much does the weight scale matter?
# 3. What does the scale do to lag 2, and what to lag 24?

# %% tags=["nbval-ignore-output"]
reach_lab("rnn", 1.0)

# %% [markdown]
# The simple RNN sits on a knife's edge between 1.5 and 2: below it the gradient vanishes, above it explodes, and nothing
# holds the weights there while they learn. When a gradient explodes, one bad batch throws all weights far away; cutting
# long gradients (`clip_norm`) makes that harmless. Nothing so cheap helps against vanishing. The open LSTM hardly cares
# about the scale: its second way does not lead through $U$. And lag 2 looks harmless everywhere: what is a small loss at
# one step is a large one after 24.
#
# ### Does it matter?
#
# A task with nothing but distance: the first symbol, one of four, comes again at the end; all between is noise. Whoever
# remembers needs 0 bits for the last symbol, whoever forgets needs 2. Every network gets the same 160 steps of
# training.


# %%
def bits_of_the_last(distance, cell, gate_bias):
    train, test = torch.randint(4, (2500, distance + 1)).split([2000, 500])
    for part in (train, test):
        part[:, -1] = part[:, 0]
    four = armod.likelihoods.Categorical(4)
    model = armod.RecurrentModel((distance + 1,), 32, cell=cell, likelihood=four, seed=seed)
    model.recurrence.bias_ih_l0.data[32:64] += gate_bias
    armod.fit(model, train, epochs=4, batch_size=50, learning_rate=1e-2, clip_norm=1.0, seed=seed)
    return -model.conditionals(test).log_prob(test)[:, -1].mean().item() / math.log(2)


distances = [2, 10] if quick else [2, 4, 10, 40]
nets = {"simple RNN": ("rnn", 0), "LSTM": ("lstm", 0), "GRU": ("gru", 0), "LSTM, gate bias 3": ("lstm", 3)}
last = {name: [bits_of_the_last(distance, *net) for distance in distances] for name, net in nets.items()}
at_ten = {name: line[distances.index(10)] for name, line in last.items()}
assert max(line[0] for line in last.values()) < 0.2
assert min(at_ten["simple RNN"], at_ten["LSTM"] + 0.3) > 1.7
assert at_ten["LSTM, gate bias 3"] < 1 and 0.3 < at_ten["GRU"] < 1.5
assert quick or (
    max(line[1] for line in last.values()) < 0.3 and min(line[-1] for line in last.values()) > 1.8
)
title = "At distance 10 the gate decides; at 40 nobody has learned anything"
labels = {"xlabel": "distance", "ylabel": "bits for the last symbol", "floor": ("guessing", 2.0)}
curves(distances, last, title=title, ylim=(0, 2.2), log_x=True, **labels)

# %% [markdown]
# At distances 2 and 4 all remember. At 10 the simple RNN guesses, and so does the new LSTM, or nearly so. The GRU has
# learned about half of what there is to know; with its gate open the same LSTM that guessed has learned most of it. At distance 40 all four guess, whatever the gates. More training would push
# the limit outwards. It would not take it away: each step of distance costs a factor, and gates bring that factor nearer
# to 1, not to it.
#
# A masked convolution or a Transformer connects distant steps by a *short* path. That is the second reason for the
# lessons that follow.

# %% [markdown]
# ## Summary
#
# - A recurrent network carries a state of fixed size: $h_t = f(h_{t-1}, x_{t-1})$, $p(x_t \mid x_{<t}) = g(h_t)$, for any length.
# - LSTM and GRU add a way on which the past is only multiplied by a gate; their equations are a few lines each.
# - Teacher forcing is the chain rule itself: the true past at every step, one call a sequence. The shift makes it honest.
# - Bits per character leave padding out; three cells differ little on names, and all use some eight characters of a sonnet.
# - Training walks along the sequence, step by step, and gradients fade or explode exponentially with the lag.

# %% tags=["nbval-ignore-output"]
lesson_quiz("4_4_recurrent_networks")

# %% [markdown]
# ## Exercises
#
# [Your own copy of the exercises](my_exercises/4_4_recurrent_networks.ipynb) opens in JupyterLab. You count bits without
# padding, write a GRU from its equations, find a leaking shift, measure the reach of a gradient and sample; each answer is
# checked as soon as you run it.
#
# ## Further reading
#
# - I. Goodfellow, Y. Bengio, A. Courville, *Deep Learning*, section 10.2: recurrent networks, 10.2.1: teacher forcing;
#   section 10.7: the challenge of long-term dependencies; section 10.10: LSTM and other gated networks; section 10.11.1:
#   clipping gradients.
# - S. Hochreiter, J. Schmidhuber, *Long Short-Term Memory*, Neural Computation 9(8), 1997; F. Gers, J. Schmidhuber,
#   F. Cummins, *Learning to Forget*, Neural Computation 12(10), 2000: the forget gate.
# - K. Cho et al., *Learning Phrase Representations using RNN Encoder-Decoder for Statistical Machine Translation*, EMNLP 2014,
#   section 2.3: the GRU.
# - R. Pascanu, T. Mikolov, Y. Bengio, *On the difficulty of training recurrent neural networks*, ICML 2013: section 2 for
#   vanishing and exploding gradients, section 3.2 for clipping.
# - A. Graves, *Generating Sequences With Recurrent Neural Networks*, 2013: section 2 for prediction networks, section 3 for text.
