# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 4.7.1 Caching, guessing, not waiting
#
# **What is computed in vain, and what need not be waited for?**
#
# After this lesson you can
# - say which activations a new sample needs, and which of them were there before
# - build Fast WaveNet's queues by hand, prove them right, and find a queue that is too short by its first wrong sample
# - measure how work and seconds grow with length and field, and name the same trick in MADE, PixelCNN and a Transformer
# - sample by guessing everything and verifying everything, and get the identical sample in far fewer passes
# - say when that pays, what decides it, and test an explanation by removing its cause
# - speculate with a draft, with one uniform number a variable, and prove that the distribution is the model's
#
# **Minutes** 70 · **Needs** dilation; blind spot; ancestral sampling · **Teaches** caching; fixed-point sampling; speculative sampling

# %% [markdown]
# The cell below holds the lesson's two parameters. `seed` changes every random choice; `quick` shortens the measurements.

# %% tags=["parameters"]
seed = 0
quick = False

# %%
from collections import deque
from itertools import pairwise, product
from statistics import median
from time import process_time

import torch
from IPython.display import display

import armod
from armod.data.text import BytePairs
from armod.likelihoods import inverse_cdf, temper
from armod.figures.growth import growth_curves
from armod.models.sequence.gated_convolution import GatedConvolution
from armod.sampling import Copy, FirstOf, GuessAndVerify, Speculative
from armod.course.labs import choices, curve, lesson_quiz, number, passes_lab, predict, predictions, race_lab
from armod.course.labs.dilation.facts import DilationFacts
from armod.course.labs.dilation.picture import dilation_figure

torch.set_grad_enabled(False)  # this lesson samples, and trains nothing
torch.set_num_threads(1)
seeds = range(seed, seed + (1 if quick else 3))  # of what is measured more than once
softmax = armod.likelihoods.Categorical(16)


def seeded(from_seed=seed):
    return torch.Generator().manual_seed(from_seed)


def timed(work, *arguments, **options):
    begin = process_time()
    result = work(*arguments, **options)
    return process_time() - begin, result


def exponent(x, y):  # b of the power law y = a x^b that fits best
    x, y = (torch.tensor(list(each), dtype=torch.float64).log() for each in (x, y))
    return (((x - x.mean()) * (y - y.mean())).sum() / (x - x.mean()).square().sum()).item()


# %% [markdown]
# ## 1. The same numbers, again and again
#
# In lesson 4.5.2 a WaveNet with nine layers looked back over 512 samples. The dilations of its layers were 1, 2, 4 and so on
# up to 256. To draw one sample, the textbook loop runs the network over the whole field. Then it moves on by one sample, and
# runs the network over the whole field again.
#
# How much of that is new? Start at an output, and go down. Each unit reads two units of the layer below: the one at the
# same time, and the one `dilation` steps earlier. We collect all units that an output depends on. Then we take away
# those on which some earlier output depended. They were computed before.


# %%
def needed(dilations, time):  # every unit (layer, time) that the output at this time depends on
    units, times = set(), {time}
    for layer in reversed(range(len(dilations))):
        units |= {(layer, each) for each in times}
        times |= {each - dilations[layer] for each in times}
    return units


now, old = needed(nine := [2**k for k in range(9)], 511), set().union(*(needed(nine, t) for t in range(511)))
predict(
    f"The output depends on {len(now):,} units. How many of them did no earlier output need?",
    number(len(now - old), unit="units", low=1, high=len(now), log=True),
    reveal=dilation_figure(
        DilationFacts((1, 2, 4, 8), 2),
        title="Four layers: the yellow units are new, the blue ones were there",
        newest=True,
    ),
)

# %% [markdown]
# <details><summary>What happened</summary>
#
# Nine units are new, one in each layer. The picture shows why, for four layers. Go down from the output, and take any step
# back in time. You arrive in a column that stood there when an earlier sample was drawn. Only the newest column is new,
# and it has one unit in each layer. So 98 % of these units are computed in vain.
#
# </details>
#
# It helps to say it in general. *An activation that depends on the past alone does not change when the future is drawn.*
# Compute it once, and keep it. This is **caching**.

# %% [markdown]
# ## 2. A queue, built by hand
#
# Which of the old activations must be kept? A layer with dilation $d$ reads what it read $d$ steps ago. In the next step
# it reads what came one step later. So every input waits for exactly $d$ steps, is read once more, and can be forgotten.
# That is a **queue**: a new input joins at the end, and the oldest one leaves at the front.


# %%
def step(unit, waiting, x):  # the queue hands out what came `dilation` steps ago
    waiting.append(x)
    sums = unit.weight[0] @ waiting.popleft() + unit.weight[1] @ x + unit.bias
    return sums[:16].tanh() * sums[16:].sigmoid()


zero, unit = torch.zeros(16, dtype=torch.float64), GatedConvolution(16, kernel_size=2, dilation=4).double()
x, waiting = torch.randn(51, 16, dtype=torch.float64, generator=seeded()), deque([zero] * 4)
one_by_one = torch.stack([step(unit, waiting, each) for each in x])
assert torch.allclose(one_by_one, unit(x[:, None])[:, 0])  # the layer at once, over all 51 steps

# %% [markdown]
# The assertion is the proof for one layer: step by step with a queue of four places, or all 51 steps at once, the numbers
# are the same.
#
# A WaveNet has a queue for each layer, and everything else stays as it was: the residual goes to the next layer, the skip to
# the output.


# %%
def listen(net, levels, places):  # the logits of every sample, one after another
    queues, found = [deque([zero] * each) for each in places], []
    for h in [net.inputs.start, *net.inputs.levels.weight[levels[:-1]]]:
        outputs = []
        for unit, queue, residual in zip(net.convolutions, queues, [*net.residuals, None], strict=True):
            outputs.append(step(unit, queue, h))
            h = h + residual(outputs[-1]) if residual else None  # the last layer has none
        found.append(net.head(net.hidden(net.skip(torch.cat(outputs)).relu()).relu()))
    return torch.stack(found).log_softmax(1)


# %% [markdown]
# We compare this with the library, which can go step by step or do all at once. Such a test must not be too easy. The biases
# are not zero, for otherwise a bias that the cached path forgets would stay hidden. The length is odd. And it is longer than
# the field, so that every queue has wrapped around.

# %%
dilations, levels = [1, 2, 4, 8], torch.randint(16, (41,), generator=seeded())
net = armod.WaveNet((41,), 16, dilations=dilations, likelihood=softmax, seed=seed).double()
view, theirs = net.incremental(1), []
for level in levels:
    theirs.append(view.conditional().logits[0])
    view.append(level[None])
right, at_once = listen(net, levels, places=dilations), net.conditionals(levels[None]).logits[0]
assert torch.allclose(right, torch.stack(theirs)) and torch.allclose(right, at_once)

# %% [markdown]
# By hand, by the library step by step, and by the library all at once: three times the same 41 distributions.
#
# ### Break it: a queue one place too short
#
# An off-by-one is the usual fault of such code. Let one queue have one place less than it should. The layer then reads
# what it read $d - 1$ steps ago. Which predictions come out wrong?

# %%
first_wrong = {}
for k, dilation in enumerate(dilations):
    places = [each - (layer == k) for layer, each in enumerate(dilations)]
    differs = (listen(net, levels, places) - right).abs().amax(1) > 1e-9
    first_wrong[dilation] = 1 + int(differs.nonzero()[0])
predict(
    "The queue of the layer with dilation 8 is one place too short. Which prediction is the first wrong one?",
    choices(
        {
            "the 1st": 1,
            "the 8th": 8,
            "the 17th, the first beyond the field": 17,
            "none, it makes up for it": 0,
        },
        answer=first_wrong[8],
    ),
    reveal="\n\n".join(f"dilation {d} too short: first wrong at sample {n}" for d, n in first_wrong.items()),
)

# %% [markdown]
# <details><summary>What happened</summary>
#
# The 8th. Before, the short queue gives zeros, and so does the right one, for there was nothing eight steps ago. At the
# 8th sample the short queue hands out the first input, one step too early. From then on everything is wrong.
#
# The other lines say more. The number of the first wrong sample *is* the dilation of the broken layer. So the test above
# does not only say that something is wrong. It says where. A test of seven samples would have passed.
#
# </details>
#
# **Your turn.** A layer with three taps reads what it read $d$ and $2d$ steps ago. How many places does its queue need, for
# any number of taps? Replace the dots, and run the cell again.


# %%
def places_for(dilation, taps):
    return ...


def kept_by_armod(dilation, taps):
    net = armod.WaveNet((9,), 2, dilations=[dilation], kernel_size=taps, likelihood=softmax)
    return len(net.incremental(1).state()["rings"][0])


tried = list(product((1, 3, 8), (2, 3, 5)))
print("right" if all(places_for(*each) == kept_by_armod(*each) for each in tried) else "not yet")

# %% [markdown]
# ## 3. What is gained
#
# We count units, and we take the time. The library calls the textbook loop `"naive"` and the queues `"cached"`. A hook
# counts the units that naive computes. The queues compute one for each layer and sample.

# %%
lengths, seconds, units, computed = [32, 64, 128] if quick else [64, 128, 256, 512], {}, {}, []
net = armod.WaveNet((8,), 32, dilations=[2**k for k in range(8)], likelihood=softmax, seed=seed)


def draw(T, method):
    return net.sample(1, length=T, generator=seeded(), method=method)


for T, method in product(lengths, ("naive", "cached")):
    seconds[method, T] = min(timed(draw, T, method)[0] for _ in range(1 if method == "naive" else 3))
for layer in net.convolutions:  # only now: with a hook every pass goes through the layers
    layer.register_forward_hook(lambda *call: computed.append(len(call[-1])))
for T in lengths[:2]:
    computed.clear()
    draw(T, "naive")
    units[T] = sum(computed)
measured = {method: [seconds[method, T] for T in lengths] for method in ("naive", "cached")}
powers = {method: exponent(lengths[-2:], line[-2:]) for method, line in measured.items()}
predict(
    "A sound twice as long: how many times as many units does the naive loop compute?",
    number(units[lengths[1]] / units[lengths[0]], unit="times", low=1, high=16, log=True),
    reveal=growth_curves(
        lengths,
        measured,
        title="At the right end seconds grow with exponent {naive:.1f} (naive) and {cached:.1f} (cached)".format(
            **powers
        ),
        x_label="samples",
        y_label="seconds",
    ),
)

# %% [markdown]
# <details><summary>What happened</summary>
#
# Four times as many: twice as many samples, and twice as many columns for each. Naive work grows with the square of the
# length. The queues compute eight units for each sample, so their work grows in proportion.
#
# Seconds follow, though not quite. Both lines begin flatter than their work. A short pass spends its time on starting
# operations, and the cache spends a fixed time on its preparations. Both bend towards their exponents, 2 and 1.
#
# </details>
#
# > **Precision.** One could cut the naive pass down to the receptive field. Then its cost for each sample no longer grows
# > with the length. It grows with the *field*, $2^L$ for $L$ layers that double. The queues pay $L$.
#
# That is the comparison in the paper on Fast WaveNet, and we measure it, too: one more sample, by a pass over the field and
# by one step of the queues.

# %%
depths, cost = range(4, 9 if quick else 12), {"pass over the field": [], "step of the queues": []}
for depth in depths:
    net = armod.WaveNet((8,), 32, dilations=[2**k for k in range(depth)], likelihood=softmax)
    view, field = net.incremental(1), torch.zeros(1, net.receptive_field, dtype=torch.int64)
    works = (net.conditionals, field), (view.append, field[:, 0])
    for line, (work, given) in zip(cost.values(), works, strict=True):
        line.append(1e6 * min(timed(work, given)[0] for _ in range(30)))
fields, naive, cached_step = [2**depth for depth in depths], *cost.values()
print(f"exponent of the field, over the last three points: {exponent(fields[-3:], naive[-3:]):.2f}")
print(
    f"microseconds for each layer of the queues: {(cached_step[-1] - cached_step[0]) / (len(fields) - 1):.1f}"
)
title = "The field doubles with every layer, and the step of the queues hardly notices"
growth_curves(fields, cost, title=title, x_label="receptive field", y_label="microseconds a sample")

# %% [markdown]
# The upper line bends upwards, and its exponent nears 1: twice the field, twice the time. On its left the operations are so
# small that starting them costs most. The lower line is almost flat. One more layer doubles the field and adds a few
# microseconds.
#
# ### The same sentence three times
#
# Nothing in the argument was about sound. *What depends on the past alone is computed once.*
#
# - **PixelCNN.** A pixel reads features of the rows above and of its own row. The rows above are finished. They are
#   computed once, row by row, and the own row pixel by pixel.
# - **MADE.** A hidden unit of degree $m$ sees the first $m$ variables. When these are drawn, the unit is computed, once.
#   So all 784 steps together take the multiplications of a *single* forward pass.
# - **Transformer.** A position attends to keys and values of earlier positions, which do not change. They are kept: the
#   **KV cache**.
#
# We let three trained models draw by both methods, and print what is kept, too.

# %%
memory = {"made-digits28": "hidden units", "pixelcnn-digits28": "rows", "transformer-plays": "keys, values"}
models, both = {name: armod.load_pretrained(name) for name in memory}, {}
for name, model in models.items():
    (slow, x), (fast, y) = (
        timed(model.sample, 1, generator=seeded(), method=method) for method in ("naive", "cached")
    )
    assert torch.equal(x, y)
    print(f"{name:20} {memory[name]:13} {slow:5.2f} s naive, {fast:.3f} s cached: {slow / fast:4.0f} times")

# %% [markdown]
# The samples are identical, and come many times sooner. Remember the seconds of the cache. They are the record that the
# second half of the lesson has to beat.

# %% [markdown]
# ## 4. Must we wait?
#
# Caching took away the *work* that was in vain. It did not take away the *waiting*. A digit still takes 784 steps, one
# after another, because pixel 500 depends on pixel 499. Or so we always said. Must pixel 500 wait?
#
# Look at how a pixel is drawn. We take a uniform number $u$, and the level is the first one whose cumulative probability
# exceeds $u$. Nothing else is random. Draw all 784 numbers beforehand, and sampling has become a deterministic function
# of them. Its result is a digit $x$ that fits its own conditionals:
#
# $$x_d = F_d^{-1}(u_d \mid x_{<d}) \qquad \text{for every } d.$$
#
# This is a system of equations, and $x$ is its solution, a **fixed point**. Steps from left to right are one way to solve
# it. Here is another. Numerical mathematicians call it **Jacobi's iteration**: guess the whole digit, and put the guess
# into the right-hand side. That takes *one* pass of the network, and its result is the next guess.


# %%
def noise_of(model, from_seed=seed, length=None):
    shape = model.event_shape if length is None else torch.Size([length])
    uniform = torch.rand(1, shape.numel(), dtype=torch.float64, generator=seeded(from_seed))
    noise = torch.empty_like(uniform)
    noise[:, model.ordering_for(shape.numel())] = uniform  # the k-th number is for the k-th variable
    return noise.view(1, *shape)


def fixed_point(model, noise, draw=inverse_cdf):
    passes = [torch.zeros_like(noise, dtype=torch.int64)]  # any guess will do
    while len(passes) <= noise.numel() and (len(passes) < 2 or not torch.equal(passes[-1], passes[-2])):
        passes.append(draw(model.conditionals(passes[-1]), noise))
    return torch.stack(passes[1:])


pixelcnn = models["pixelcnn-digits28"]
passes = fixed_point(pixelcnn, noise_of(pixelcnn))
cached = pixelcnn.sample(1, generator=seeded())
predict(
    "The loop over the pixels takes 784 passes. How many does this iteration take, until nothing changes?",
    number(len(passes), unit="passes", low=1, high=784, log=True),
    reveal=f"Pixels that differ from the cached sample with the same noise: {int((passes[-1] != cached).sum())}.",
)

# %% [markdown]
# <details><summary>What happened</summary>
#
# Some fifty passes instead of 784, and not one pixel differs. This is no approximation. Why must it be the same digit?
#
# The first pixel depends on nothing, so it is right after the first pass. The second depends on the first, so it is right
# after the second pass at the latest. And so on: after $k$ passes at least $k$ pixels are right, and stay so. The loop
# ends after 784 passes at the latest, at the only digit that fits. If it ends sooner, it ends at the same one.
#
# </details>
#
# But why so soon? We write down for every pixel the pass after which it never changed again.


# %%
def wave(row, column):  # a pixel can be drawn one pass after the last of the neighbours that its filter sees
    seen = [(row, column - 1), *((row - 1, column + side) for side in (-1, 0, 1))]
    return 1 + max(waves.get(place, 0) for place in seen)


waves = {}
for place in product(range(28), range(28)):
    waves[place] = wave(*place)
oracle = armod.waves(armod.PixelCNN((1, 5, 6), 4, 2, likelihood=armod.likelihoods.Bernoulli())).view(5, 6)
assert all(oracle[place] == waves[place] for place in product(range(5), range(6)))
number_of = {}
for family in (armod.PixelCNN, armod.GatedPixelCNN):
    small = family((1, 8, 8) if quick else (1, 12, 12), 4, 5, likelihood=armod.likelihoods.Bernoulli())
    number_of[family.__name__] = int(armod.waves(small).max())
print("waves of a small image:", number_of)
passes_lab(passes[:, 0, 0], torch.tensor([waves[place] for place in sorted(waves)]).view(28, 28))

# %% [markdown]
# Move the slider. After a few passes the empty paper is final: wherever the digit goes, there is no ink in the corners.
# The strokes come late, line by line from the top.
#
# The third image counts something else. It asks in which pass a pixel can be drawn for certain, if all that counts is
# which pixels the filters see. We call these passes **waves**. The rule is in the cell: one wave after the last of the
# four neighbours. (`armod.waves` finds the same with the oracle, for any model; the cell asserts it for a small one.) The
# waves run over the image as a slanted front, and the last pixel has number 82. So this network never needs more than 82
# passes, whatever its weights. The guesses make it in fewer.
#
# Here is the odd thing. A pixel need not wait for the whole row above it, only for its neighbour on the upper right. So each
# row may start two pixels behind the row above. What allows it is the *blind spot* (lesson 4.5.3): the network does not see
# the pixels further to the right. The line above the lab counts the waves of a small image, for a network with a blind
# spot and for one without. Without it there are more than twice as many. A weakness of the model saves waiting.
#
# ## 5. What decides how long we wait?
#
# Digits are black and white, and mostly white. Four other models of the course are harder to guess: 16×16 photos in 256
# levels, four-voice chorales, plays in tokens of about two letters (lesson 4.6.2), and speech in 256 levels.

# %%
photo, names = (armod.load_pretrained(f"gated-pixelcnn-{each}-photos16") for each in ("mixture", "softmax"))
tokens, speech, chorales = (
    armod.load_pretrained(name) for name in ("transformer-plays", "wavenet-speech", "transformer-chorales")
)
noises = {
    "photos": (photo, noise_of(photo)), "chorales": (chorales, noise_of(chorales)),
    "tokens": (tokens, noise_of(tokens)), "speech": (speech, noise_of(speech, length=64 if quick else 256)),
}  # fmt: skip
found = {name: fixed_point(*each) for name, each in noises.items()}
nats = {name: noises[name][0].conditionals(x[-1]).entropy().mean() for name, x in found.items()}
share = {name: len(x) / x[-1].numel() for name, x in found.items()}
table = [
    f"{name}: {nats[name]:.1f} nats a variable, {len(x)} passes for {x[-1].numel()} variables, {share[name]:.0%}"
    for name, x in found.items()
]
predict(
    "Which of the four needs the fewest passes, as a share of its variables?",
    choices([*found], answer=min(share, key=share.get)),
    reveal="\n\n".join(table),
)

# %% [markdown]
# <details><summary>What happened</summary>
#
# The photos, with a tenth. Yet a grey level is more uncertain than a token. One would think that what is uncertain
# is hard to guess. Tokens and speech need nearly all passes that there are. Guessing gains nothing there.
#
# </details>
#
# Why? There are three explanations, and each can be tested: take away that cause, and nothing else.
#
# 1. **Entropy.** Tokens are uncertain, so guesses fail. Test: cool the tokens. At a temperature of 0.1 the next token is
#    almost certain.
# 2. **Names and quantities.** A token is a *name*: when the past changes, the draw jumps to another token. A grey level
#    is a *quantity*: when the past changes a little, the draw moves a little. Test: a network for the same photos with 256
#    separate logits, as if the levels were names. And to be strict: stack its levels in a shuffled order before drawing, so
#    that every small change jumps. The distribution stays as it is.
# 3. **Shape.** Tokens stand in one row, and each leans on the one before it. In an image a new row leans on the row above,
#    which is there already. Test: a photo of which everything is known, but for one row of 48 variables.


# %%
order, all_but_one = torch.randperm(256, generator=seeded()), (torch.arange(16) != 8)[:, None]


def shuffled(conditionals, noise):
    below = conditionals.probs.double()[..., order].cumsum(-1)[..., :-1] <= noise[..., None]
    return order[below.sum(-1)]


def one_row(from_seed):
    x, jacobi = photo.sample(1, generator=seeded(from_seed)), GuessAndVerify()
    photo.sample(1, known=x, mask=all_but_one, generator=seeded(from_seed), method=jacobi)
    return jacobi.report.evaluations


def passes_of_each(model, draw=inverse_cdf):
    return [len(fixed_point(model, noise_of(model, each), draw)) for each in seeds]


cool = passes_of_each(tokens, lambda said, noise: inverse_cdf(temper(said, 0.1), noise))
named, jumping = passes_of_each(names), passes_of_each(names, shuffled)
rows = [one_row(each) for each in seeds]
print(f"passes: tokens at temperature 0.1 {cool} of 128, one row of a photo {rows} of 48")
print(f"photos with separate logits {named} of 768, the same shuffled {jumping}")

# %% [markdown]
# *It is not the entropy.* Cooled tokens have a seventh of their entropy, and still take nearly all passes. A token that is
# certain, given its past, is not certain while its past is wrong.
#
# *Names are a small part.* Separate logits change nothing. The shuffled order costs some passes more, about a third.
# But a third more than a tenth is far from nine tenths.
#
# *Shape is the largest part.* A single row of a photo needs about half of its variables as passes, and not a tenth. If sixteen
# such rows waited for each other, that would make hundreds of passes. The whole photo took eighty. So the rows overlap, as
# the waves do: each begins when a part of the row above is done. One long row of tokens has no such help.
#
# Chorales stand in one row, too, and yet a fifth is enough. So something is missing. Let us measure how a draw *reacts*. Take
# a finished sample, replace one level by another one, and draw the next variable with its old noise. Does it change?


# %%
def reaction(model, noise, x):
    order, other = model.ordering_for(x.numel()), fixed_point(model, noise.roll(1, -1))[-1].flatten()
    steps = (x.flatten() != other)[order][:-1].nonzero().flatten()[:128]
    changed, tries = x.flatten().repeat(len(steps), 1), range(len(steps))
    changed[tries, order[steps]] = other[order[steps]]
    drawn = inverse_cdf(model.conditionals(changed.view(-1, *x.shape[1:])), noise)
    return (drawn.flatten(1) != x.flatten())[tries, order[steps + 1]].double().mean().item()


print(reacts := {name: round(reaction(*noises[name], x[-1]), 2) for name, x in found.items()})

# %% [markdown]
# In a chorale about half of the next draws stay as they are. In speech and in tokens nearly all of them change. So among the
# three that stand in one row, the two whose draws react take nearly all passes. The one whose draws often do not react takes a
# fifth. That is no proof, for the three differ in other things, too. But it is an explanation that fits all of them. In photos
# nearly all draws react as well, but there the next row need not wait for the end of this one.

# %% [markdown]
# ## 6. Freeze what is right, and look one row ahead
#
# Fifty passes instead of 784, but each over the whole digit. That is 50 × 784 conditionals, where the cache computes 784.
# Most of them are again in vain, at both ends. What has been verified is computed again. And what lies far ahead is
# guessed too early.
#
# So we join both halves of the lesson. *Verify* the guesses: up to and including the first that comes out otherwise,
# everything is right. **Freeze** it, and keep its activations as the cache does. Then look ahead no further than a
# **window**. That is `armod.sampling.GuessAndVerify`, and its report counts.

# %%
above = FirstOf("previous", Copy(28))  # what was drawn last, and where nothing was, the pixel above
counted = {}
for window in (1, 7, 28, 112, None):
    sampler = GuessAndVerify("previous" if window is None else above, window=window)
    x = pixelcnn.sample(1, generator=seeded(), method=sampler)
    assert torch.equal(x, cached)
    counted[window] = sampler.report.evaluations, sampler.report.positions
    print("window {!s:>4}: {:4} passes, {:6,} conditionals computed".format(window, *counted[window]))
images, accepted, positions = [], [], []
for digit in range(seed, seed + 3):
    sampler = GuessAndVerify(above, window=28)
    images.append(pixelcnn.sample(1, generator=seeded(digit), method=sampler)[0, 0])
    accepted.append(sampler.report.accepted[:, 0].tolist())
    positions.append(sampler.report.positions)
race_lab(torch.stack(images), accepted, positions)

# %% [markdown]
# Every window gives the cached digit. A window of one row needs some more passes than no window, and computes a
# small part of the conditionals. (A wider window is not always quicker: four rows take more passes than one.)
#
# The lab lets three samplers race for the same digit, the third with a window of one row. Let the *passes* be equal for all,
# then the *conditionals* that they compute, and press Play.
#
# With equal passes naive and cached are level: both draw one pixel in a pass. Guess and verify is done before they have
# drawn four rows. With equal work naive has drawn one pixel when the cache has finished, and guess and verify is half
# way: it computes about two conditionals for each pixel.
#
# And the seconds? We set them beside those of the cache. A batch of $N$ digits goes on together, and each pass waits for the
# slowest of them.


# %%
def median_seconds(N, method):
    tries = range(seed, seed + (3 if quick or N > 4 else 7))
    return median(timed(pixelcnn.sample, N, generator=seeded(each), method=method)[0] for each in tries)


sizes, guessing = [1, 4, 16, 64][: 2 if quick else 4], GuessAndVerify(above, window=28)
seconds_of, passes_of = {}, {}
for N in sizes:
    seconds_of[N] = median_seconds(N, "cached"), median_seconds(N, guessing)
    passes_of[N] = guessing.report.evaluations
gain = [slow / fast for slow, fast in seconds_of.values()]
details = [
    f"{N}: {passes_of[N]} passes of {1e3 * fast / passes_of[N]:.2f} ms, 784 steps of {1e3 * slow / 784:.2f} ms"
    for N, (slow, fast) in seconds_of.items()
]
predict(
    "How many times as quick as the cache is guessing, for one digit, for four, and for more at once?",
    curve(sizes, gain, low=0.1, high=10, log=True, x_label="digits at once", y_label="times as quick"),
    reveal="\n\n".join(details),
)

# %% [markdown]
# <details><summary>What happened</summary>
#
# For a single digit guessing wins. It takes a tenth of the passes, and a pass over a row does not take ten times as long as a
# step of one pixel. With more digits at once it gains less and less, and the lines below the curve say why. The slowest
# digit decides, so there are more passes. And a pass grows faster than a step does: it has more to compute, and most of that
# is in vain again. For many digits the cache is better.
#
# </details>
#
# So guessing buys less waiting with more work. It pays where the waiting is worse than the work.

# %% [markdown]
# ## 7. Better guesses
#
# The sample does not depend on the guess. The number of passes does. Any function may guess: it gets what is verified, and
# returns a level for each variable. **Your turn:** a chorale has four voices, which take turns, note by note. What is a good
# guess for the next notes? Replace the last line of `mine`, and beat the first line of the print. (The second one guesses the
# note that the same voice sang before, the third takes that where nothing was drawn yet.)


# %%
# verified.levels (1, 256) are final before verified.frontier; verified.latest is what was drawn last, or None
def mine(verified):
    return torch.zeros_like(verified.levels)


voice = Copy(4)
guessers = {"previous": "previous", "voice": voice, "both": FirstOf("previous", voice), "mine": mine}
for name, guess in guessers.items():
    sampler = GuessAndVerify(guess, window=16)
    assert torch.equal(chorales.sample(1, generator=seeded(), method=sampler), found["chorales"][-1])
    print(f"{name:8} {sampler.report.evaluations:3} passes for 256 notes")

# %% [markdown]
# The last note of the same voice alone is a poor guess: it is wrong wherever a voice moves. Where nothing was drawn yet, it
# saves a few passes. All lines give the same chorale, as the cell asserts.
#
# ## 8. Speculate: another sample, the same distribution
#
# For tokens no guess was good enough, because a guess must be *exactly* the token that this noise would draw. Give up
# that one thing. Let the sample be another one, as long as it has the model's **distribution**.
#
# A small, quick model, the **draft**, proposes a token $y$ with probability $q(y)$. The large model, the target, would have
# drawn it with probability $p(y)$. Keep $y$ with probability $\min(1, p(y)/q(y))$. Otherwise draw anew from what the
# target has and the draft lacks, $\max(0, p - q)$, made to add up to 1. This is **speculative sampling**. One pass of the
# target judges several proposals in a row.
#
# It seems to need three random numbers: for the proposal, for the decision, for the new draw. One will do. The draft uses
# $u$ to choose $y$. It does not use *where* in the interval of $y$ the number lies. This remainder is uniform again, and
# decides. If the answer is no, what is left over of the remainder is uniform again.


# %%
def speculate(p, q, u):  # one variable: a level with the distribution p
    y = int((q.cumsum(0)[:-1] <= u).sum())
    rest = u - q[:y].sum()  # uniform on [0, q(y))
    if rest < p[y]:
        return y
    left = (p - q).clamp(min=0)
    v = (rest - p[y]) / (q[y] - p[y])  # uniform on [0, 1)
    return int((left.cumsum(0)[:-1] / left.sum() <= v).sum())


def distribution(p, q):  # how much of [0, 1) leads to each level, without any sampling
    left = (p - q).clamp(min=0).cumsum(0)
    start, kept = q.cumsum(0) - q, torch.minimum(p, q)
    drawn = (start + kept)[:, None] + (q - kept)[:, None] * left / left[-1]
    cuts = torch.cat([start, start + kept, drawn.flatten(), q.new_ones(1)]).sort().values
    levels = torch.eye(len(p), dtype=p.dtype)
    return sum((high - low) * levels[speculate(p, q, (low + high) / 2)] for low, high in pairwise(cuts))


# %% [markdown]
# Between two cuts the rule always gives the same level. So the length of the pieces is the exact probability, and there is
# nothing to estimate. We take a target and a draft for three variables of three levels. There are 27 observations. For
# each, the probabilities of its three levels are multiplied.

# %%
every, three = torch.tensor([*product(range(3), repeat=3)]), armod.likelihoods.Categorical(3)
target, draft = (armod.MADE((3,), [16], likelihood=three, seed=each).double() for each in (1, 2))
p_of, q_of = (model.conditionals(every).logits.mul(4).softmax(-1) for model in (target, draft))


def all_27(rule):
    chances = torch.stack([rule(p, q) for p, q in zip(p_of.flatten(0, 1), q_of.flatten(0, 1), strict=True)])
    return chances.view(27, 3, 3).gather(2, every[..., None]).prod(1)[:, 0]


truth, by_speculation = all_27(lambda p, q: p), all_27(distribution)
assert torch.allclose(by_speculation, truth, rtol=0, atol=1e-12)

# %% [markdown]
# All 27 are right, to the last digits of the computer. The draft may be as bad as it likes. It decides how *often* a
# proposal is kept, not what comes out.
#
# ### Find the bug
#
# A widely used library (transformers, issue 32867) once let the draft choose its *most probable* level, which seems a
# better proposal, and left the rest of the method alone. Proposals are kept with probability $\min(1, p/q)$, as before.


# %%
def greedy(p, q):  # what comes out, as a distribution
    y, left = q.argmax(), (p - q).clamp(min=0)
    keep = (p[y] / q[y]).clamp(max=1)
    return (1 - keep) * left / left.sum() + keep * torch.eye(3).double()[y]


def distance(rule):  # total variation: the probability that is in the wrong place
    return (all_27(rule) - truth).abs().sum().item() / 2


predict(
    "How much of the probability is now in the wrong place, in percent?",
    number(100 * distance(greedy), unit="%", low=0, high=100),
)

# %% [markdown]
# <details><summary>What happened</summary>
#
# More than half. The bug is quiet: the text looks fine, and even better than before. But it is not the model's. The rule
# $\min(1, p/q)$ is made for proposals that come with probability $q(y)$. The greedy draft proposes its level *always*.
#
# </details>
#
# **Your turn.** Repair it, and keep the greedy proposal. With which probabilities $q$ does such a draft really propose? One
# line in `honest` is enough: it may call `greedy` with another `q`.


# %%
def honest(p, q):
    return greedy(p, q)


print("right" if distance(honest) < 1e-9 else f"not yet: {distance(honest):.2f} in the wrong place")

# %% [markdown]
# The real thing: `armod.sampling.Speculative` with the Transformer that writes plays as the target. The draft is a
# **bigram**, a table that was counted in a tenth of a second: how often each token follows each token.

# %%
texts = armod.data.load("plays")
plays = texts.tokenize(BytePairs(400).fit(texts.text("train")), 128)
bigram = armod.NGram(tokens.event_shape, 2, num_levels=plays.num_levels).fit(plays.train)
samplers = [Speculative(bigram, window=4) for _ in range(3 if quick else 10)]
for each, sampler in enumerate(samplers, seed):
    tokens.sample(1, generator=seeded(each), method=sampler)
kept, judged = (sum(getattr(each.report, name) for each in samplers) for name in ("num_kept", "num_judged"))
print(f"{kept / judged:.0%} kept; passes for 128 tokens:", [each.report.evaluations for each in samplers])

# %% [markdown]
# About half of the proposals are kept, and a text of 128 tokens takes about sixty-five passes, where exact
# guesses took nearly all 128. The distribution is the same. The text is another one. In seconds this table gains
# nothing: each pass judges several proposals, most of them in vain. A draft pays if it is right more often, or if a pass of the
# target costs no more for five tokens than for one.
#
# ## Summary
#
# - An activation that depends on the past alone is computed once; a layer with dilation $d$ keeps it in a queue of $d$ places.
# - Caching takes work away and leaves the waiting: naive work grows with the square of the length, cached work with the length.
# - With its noise drawn beforehand a sample is a fixed point; guess all, verify all, and it comes out identical in fewer passes.
# - How many passes it takes does not depend on the entropy, and hardly on names: what counts is how draws react, and the shape.
# - Give up the same sample, keep the distribution: a draft proposes, the target judges, and one uniform number is enough for both.

# %% tags=["nbval-ignore-output"]
display(predictions())
lesson_quiz("4_7_1_caching")

# %% [markdown]
# ## Exercises
#
# [Your own copy of the exercises](my_exercises/4_7_1_caching.ipynb) opens in JupyterLab. Each answer is checked as soon as
# you run it.
#
# ## Further reading
#
# - T. Le Paine et al., *Fast Wavenet Generation Algorithm*, 2016: section 2 for the queues.
# - P. Ramachandran et al., *Fast Generation for Convolutional Autoregressive Models*, 2017: the same for PixelCNN++.
# - Y. Song, C. Meng, R. Liao, S. Ermon, *Accelerating Feedforward Computation via Parallel Nonlinear Equation Solving*,
#   ICML 2021: section 3 for Jacobi and Gauss-Seidel.
# - A. Wiggers, E. Hoogeboom, *Predictive Sampling with Forecasting Autoregressive Models*, ICML 2020: guesses by a forecast.
# - Y. Leviathan, M. Kalman, Y. Matias, *Fast Inference from Transformers via Speculative Decoding*, ICML 2023: section 2.3,
#   and appendix A.1 for the proof.
# - In the library's guide, *The same algorithm three times*: a compiled loop removes neither work nor waiting, but the starting of
#   operations.
# - Lesson 4.5.2 for the receptive field, 4.5.3 for the blind spot, 4.7.2 for models that wait less.
#
# ---
#
# [← 4.6.2 Sound, notes, letters: what must be told](4_6_2_sequence_applications.ipynb) · [The course map](index.ipynb) · [4.7.2 Parallel generation: what does it cost not to wait? →](4_7_2_parallel_generation.ipynb)
