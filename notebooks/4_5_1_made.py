# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 4.5.1 MADE: one network, every conditional
#
# **How can one pass through one network give every conditional at once?**
#
# After this lesson you can
# - show why an ordinary autoencoder is no distribution, and mend it with masks
# - give a network of any depth its degrees and masks, and read off who sees whom
# - prove that a model's probabilities add up to 1 and that nothing leaks
# - train on real digits, state the likelihood so that others can check it, sample and complete digits
# - say which average over several orderings is a distribution, and which is not
#
# **Minutes** 60 · **Needs** chain rule; maximum likelihood · **Teaches** autoregressive masks; order-agnostic training; likelihood receipts

# %% [markdown]
# The cell below holds the lesson's two parameters. `seed` changes every random choice; `quick` shortens the training.

# %% tags=["parameters"]
seed = 0
quick = False

# %%
import itertools
import math
from timeit import repeat

import torch
from torch import nn
from torch.distributions import Bernoulli
from torch.nn import functional as F

import armod
from armod.figures.bars import likelihood_bars
from armod.figures.images import image_grid
from armod.models.masks import hidden_degrees, masks, who_sees_whom
from armod.widgets import lesson_quiz, mask_lab

torch.manual_seed(seed)
torch.set_num_threads(1)  # small matrices: a second thread costs more than it saves
bits = armod.likelihoods.Bernoulli()

# %% [markdown]
# ## 1. An autoencoder is not a distribution
#
# The chain rule writes a joint distribution as a product of conditionals,
# $p(x) = \prod_d p(x_d \mid x_1, \dots, x_{d-1})$. With one network per conditional, $D$ variables need $D$ networks.
# That is a lot of networks for an image.
#
# An autoencoder looks like a bargain. It has one output for each input, and it is trained to reproduce what it is
# given. Read output $d$ as the probability that $x_d = 1$, multiply the outputs, and call the product $p(x)$.
#
# Let us do that for three bits. There are only eight observations, so we can train on all of them, and then add up
# all eight "probabilities".
#
# **Predict before you run:** for a distribution the sum is 1. What will it be here?

# %%
every = torch.tensor(list(itertools.product([0.0, 1.0], repeat=3)))
autoencoder = nn.Sequential(nn.Linear(3, 8), nn.ReLU(), nn.Linear(8, 3))
optimizer = torch.optim.Adam(autoencoder.parameters(), lr=0.05)
for _ in range(200):
    log_prob = Bernoulli(logits=autoencoder(every)).log_prob(every).sum(1)
    optimizer.zero_grad()
    (-log_prob.mean()).backward()
    optimizer.step()

mass = log_prob.exp().sum().item()
print(f"loss {-log_prob.mean():.2f} nats; the eight 'probabilities' add up to {mass:.1f}")
assert mass > 7.9

# %% [markdown]
# Nearly 8. The network gives *each* of the eight observations a probability near 1, because it copies every input
# straight to its output. Three fair bits cannot cost less than $3 \ln 2 = 2.08$ nats, so a loss of 0.00 is not good
# learning. It is a sign that the outputs have seen the answers.
#
# For the product to be a chain rule, output $d$ may depend on $x_1, \dots, x_{d-1}$ alone. Every path through the
# network from $x_d$, or from a later variable, to output $d$ has to be cut.

# %% [markdown]
# ## 2. A number on every unit
#
# MADE cuts these paths with one idea. Every unit carries a number, its **degree**: how far along the ordering it may
# look.
#
# - Input $d$ has degree $d$, its place in the ordering.
# - Hidden unit $k$ gets a degree $m(k)$ between 1 and $D-1$. It may look at inputs up to $m(k)$, so its weight from
#   input $d$ is kept where $M^W_{kd} = \mathbf{1}[m(k) \ge d]$.
# - Output $d$ may use a hidden unit only if that unit knows nothing but earlier variables:
#   $M^V_{dk} = \mathbf{1}[d > m(k)]$. Here the inequality is *strict*.
#
# Any degrees will do. We draw them at random. The product of the two masks counts the paths from each input to each
# output.

# %%
D = 5
position = torch.arange(1, D + 1)
m = torch.randint(1, D, (7,))

M_hidden = m[:, None] >= position[None, :]
M_output = position[:, None] > m[None, :]
paths = M_output.int() @ M_hidden.int()

print("degrees of the hidden units:", m.tolist())
print("paths from input (column) to output (row):", *paths.tolist(), sep="\n")
assert not paths.triu().any()

leaks = (torch.ones_like(M_output).int() @ M_hidden.int() > 0).triu().sum().item()
print(f"without the output mask {leaks} of 15 forbidden pairs are connected")

# %% [markdown]
# Row $d$ belongs to output $d$, column $j$ to input $j$. On the diagonal and above it stand only zeros: no output sees
# its own variable, none sees a later one. This is no accident of the degrees drawn. A path from input $j$ through unit
# $k$ to output $d$ needs $d > m(k) \ge j$, and so $d > j$. The same chain of inequalities holds for any number of
# hidden layers, if the mask between two of them keeps a weight where the degree above is at least the degree below.
#
# > **Precision.** The module's text gives the first mask only. With $M^W$ alone the property does not hold: outputs
# > that may use every hidden unit see nearly everything. The last two lines of the cell count what leaks then.

# %% [markdown]
# ## 3. The mask lab
#
# Turn the knobs, hover over a unit or move to it with the Tab key, and watch who sees whom. Predict before you turn:
#
# 1. Choose output 1. How many inputs does it see, and on what can its probability depend at all?
# 2. Set the only hidden layer to a single unit. Which outputs still see something?
# 3. Choose *random* ordering. Is the square "who sees whom" still a triangle?

# %% tags=["nbval-ignore-output"]
mask_lab(8, (12, 12), seed=0)

# %% [markdown]
# The first variable of the ordering sees nothing; its probability is a constant, held in the output's bias. A single
# hidden unit has a single degree $m$: outputs after $m$ see the inputs up to $m$, and all others see nothing. Nothing
# leaks, but much is lost. So a narrow layer makes a *weaker* model, never a wrong one. Under another ordering the same
# triangle is there with its rows and columns permuted.

# %% [markdown]
# ## 4. The whole model in a dozen lines
#
# A MADE is a plain network whose weights are multiplied by their masks in every pass. The masks are never written into
# the weights. One set of weights can then serve several sets of masks, and we shall need that in section 9.
#
# An `armod.AutoregressiveModel` has to say what its `conditionals` are. It inherits the rest, such as `log_prob` and
# `sample`.


# %%
class MyMADE(armod.AutoregressiveModel):
    likelihood = bits

    def __init__(self, event_shape, ordering, layer_masks):
        super().__init__()
        self.event_shape, self.ordering, self.masks = torch.Size(event_shape), ordering, layer_masks
        self.layers = nn.ModuleList(nn.Linear(mask.shape[1], mask.shape[0]) for mask in layer_masks)

    def conditionals(self, x, context=None):
        units = x.flatten(1).to(self.layers[0].weight.dtype)
        for layer, mask in zip(self.layers, self.masks, strict=True):
            if layer is not self.layers[0]:
                units = units.relu()
            units = F.linear(units, layer.weight * mask, layer.bias)
        return Bernoulli(logits=units.view(x.shape))


# %% [markdown]
# Is this the model that the library calls `armod.MADE`? The masks of section 2 are those of `armod.models.masks`. For
# the rest, give both the same ordering, degrees and weights, and compare. (In general an input's degree is its place
# in the *ordering*, whatever its own number is.)

# %%
assert all(map(torch.equal, masks(torch.arange(D), [m]), (M_hidden, M_output)))

reference = armod.MADE((6,), [32, 32], likelihood=bits, seed=seed)
degrees = hidden_degrees(6, [32, 32], seed=seed)
mine = MyMADE((6,), reference.ordering, masks(reference.ordering, degrees))
mine.layers.load_state_dict(reference.layers.state_dict())

x = torch.randint(2, (100, 6))
assert torch.allclose(mine.log_prob(x), reference.log_prob(x), atol=1e-5)

# %% [markdown]
# **Proof.** Now the two claims that the autoencoder failed. The sum over all $2^6$ observations is 1. And the *oracle*,
# which knows nothing of masks, finds no leak: it changes one input at a time, under several random sets of weights, and
# watches which conditionals move.

# %%
total = armod.total_probability(mine)
report = armod.check_autoregressive(mine)
print(f"total probability {total:.6f}")
print(report)
assert abs(total - 1) < 1e-5 and report.is_autoregressive
assert armod.dependency_matrix(mine).equal(who_sees_whom(mine.masks) > 0)

# %% [markdown]
# The last assertion says more: what the network *does* depend on is exactly what the product of its masks says.
#
# ### One pass instead of D
#
# Without masks we would have to hide the future by hand. For variable $d$, blank all inputs from $d$ on, run the
# network, and read one output; then again for the next. The masked network gives the same numbers in a single pass.
#
# **Predict:** for 64 variables, how many times faster?

# %%
model = armod.MADE((64,), [256], likelihood=bits, seed=seed)
x, past = torch.randint(2, (500, 64)), torch.arange(64)


def each_alone():
    return torch.stack([model.conditionals(x * (past < d)).logits[:, d] for d in range(64)], dim=1)


assert torch.allclose(each_alone(), model.conditionals(x).logits, atol=1e-5)
alone, together = (min(repeat(run, number=1)) for run in (each_alone, lambda: model.conditionals(x)))
print("64 passes and one pass agree; the one takes less than a twentieth of the time:", together < alone / 20)
assert together < alone / 20

# %% [markdown]
# About 64 times, as counted in passes. This is why masked models train fast. A recurrent network computes the same
# conditionals one after another, because each hidden state waits for the one before it.

# %% [markdown]
# ## 5. Real digits
#
# Five thousand digits from MNIST ship with the course: 4,000 to learn from, 500 to decide when to stop, 500 to test.
# We make them binary by a threshold. That choice belongs to the data set's name, because likelihoods on data that were
# made binary in another way cannot be compared.
#
# How good is a likelihood? We need something to beat.
#
# - **Fair coins** cost $784 \ln 2 = 543$ nats for one digit. Lower is better.
# - **Histograms** can do more: cut each row into strips of neighbouring pixels, and count for each strip how often each
#   of its patterns occurs in training (plus one, so that nothing is impossible). Strips of one pixel are *independent
#   pixels*.
#
# **Predict:** do longer strips always help?

# %%
digits = armod.data.load("digits28").binarize()


def histogram_nats(width):
    """Nats per test digit of one smoothed histogram for every `width` neighbouring pixels."""
    powers = 2.0 ** torch.arange(width)
    strips = [pixels.view(-1, 784 // width, width).float() @ powers for pixels in (digits.train, digits.test)]
    train, test = (strip.long().T for strip in strips)
    counts = torch.stack([torch.bincount(column, minlength=2**width) + 1 for column in train])
    log_prob = (counts / counts.sum(1, keepdim=True)).log()
    return -log_prob.gather(1, test).sum(0).mean().item()


by_width = {width: histogram_nats(width) for width in (1, 2, 4, 7, 14)}
print(digits)
print("nats by number of pixels in a histogram:", {width: round(value) for width, value in by_width.items()})
assert [round(value) for value in by_width.values()] == [207, 172, 152, 145, 224]

# %% [markdown]
# Up to seven pixels they help. Strips of fourteen have $2^{14}$ cells each, more than there are training digits, and
# most test patterns fall into cells that nobody has filled. A histogram of whole digits, with its $2^{784}$ cells,
# would know nothing at all.
#
# Now a MADE with one hidden layer of 500 units, before your eyes. The output biases start where the independent pixels
# end, so the network has to learn only how pixels depend on each other.


# %%
def learn(**options):
    model = armod.MADE(digits.event_shape, [500], likelihood=bits, seed=seed, **options)
    model.start_from_marginals(digits.train)
    armod.fit(model, digits, epochs=4 if quick else 10, learning_rate=3e-3, seed=seed)
    return model


ours = armod.evaluate(learn(), digits, seed=seed)
print(ours)
assert ours.nats < min(by_width.values())

# %% [markdown]
# That line is a **receipt**: the number, its standard error, its unit, the data set, the split, the ordering and the
# seed. Without them a likelihood cannot be checked. Training longer, with a smaller step, gives the weights that ship
# with the course.

# %%
trained = armod.load_pretrained("made-digits28").double()
receipt = armod.evaluate(trained, digits, seed=0)
assert round(receipt.nats) == 98 and receipt.nats < 0.7 * min(by_width.values())
nats = {"fair coins": 784 * math.log(2), "independent pixels": by_width[1]}
nats |= {"strips of 7 pixels": by_width[7], "MADE, 500 hidden units": receipt.nats}
likelihood_bars(nats, unit="nats per digit")

# %% [markdown]
# MADE needs 98 nats for a digit it has never seen, the best histogram 145, independent pixels 207, fair coins 543. In
# bits per pixel that is 0.18 against 1. The gap between 207 and 98 is what the network knows about how pixels go
# together.

# %% [markdown]
# ## 6. Sampling: one pixel at a time
#
# Likelihood took one pass. Sampling is another matter: pixel $d$ can be drawn only when all pixels before it are known.
# The textbook loop makes a full pass for each of the 784 pixels and uses one output of each.
#
# That wastes nearly all of the work. A hidden unit of degree $m$ is final as soon as $m$ pixels are known, so it can be
# computed once, at that moment. This is `method="cached"`, the default. Both methods turn the same random numbers into
# pixels.
#
# **Predict:** will the two methods draw the same digits, or merely similar ones?


# %%
def draw(method):
    return trained.sample(10, generator=torch.Generator().manual_seed(seed), method=method)


samples = draw("cached")
assert torch.equal(samples, draw("naive"))
pictures = torch.stack([digits.test[:10].long(), samples])
image_grid(pictures, title="Ten test digits, and ten that MADE made up", row_labels=["real", "drawn"])

# %% [markdown]
# The same digits, pixel for pixel: caching changes what is computed twice, not what is computed. (In single precision a
# draw that lies right on its threshold may fall the other way. Here we compute in double precision.)
#
# The drawn digits have strokes of the right width and closed loops, and some could pass. Others are no digit at all.
# MADE has learned how strokes go on, less well what they add up to.

# %% [markdown]
# ## 7. Completing a digit, and where that stops being right
#
# Keep some pixels, draw the others: that is `sample` with `known` and `mask`. Our model goes through the image row by
# row. So if the *upper* half is known, it comes first in the ordering, and each new pixel is drawn given all of it.
# This is an exact draw from $p(\text{lower} \mid \text{upper})$.
#
# **Predict:** what happens if the *lower* half is known instead?

# %%
upper = torch.zeros(1, 28, 28, dtype=torch.bool)
upper[:, :14] = True
given = digits.test[[10, 21, 32, 43, 54, 65, 76, 87]].long()


def complete(model, mask):
    return model.sample(8, known=given, mask=mask, generator=torch.Generator().manual_seed(seed))


rows = torch.stack([given, complete(trained, upper), complete(trained, ~upper)])
image_grid(
    rows,
    title="Given the upper half MADE goes on; given the lower half it draws blindly",
    row_labels=["real digit", "upper half given", "lower half given"],
    known=torch.stack([torch.zeros_like(upper), upper, ~upper]).unsqueeze(1).expand(rows.shape),
)

# %% [markdown]
# In the second row the strokes carry on from where the blue half ends. In the third row the drawn upper half has
# nothing to do with the given lower half. It cannot: every upper pixel was drawn before the model looked at any lower
# one. The lower half was pasted in.
#
# The likelihood says it too. Ask the model how probable it finds the finished pictures, and ask a second MADE, whose
# ordering runs *backwards*, to complete the same lower halves.

# %%
backwards = learn(ordering=armod.orderings.reversed(digits.event_shape))


def surprise(x):
    return -trained.log_prob(x).mean().item()


pasted, mended = complete(trained, ~upper), complete(backwards, ~upper)
print(f"nats: real {surprise(given):.0f}, pasted {surprise(pasted):.0f}, backwards {surprise(mended):.0f}")
assert surprise(mended) < surprise(pasted)

# %% [markdown]
# The pasted pictures surprise the model far more than those of the backwards MADE, for which the lower half comes
# first. So completion is exact only for what comes first in the ordering, and one ordering serves one kind of question.
# Section 9 asks whether one network can serve many orderings.

# %% [markdown]
# ## 8. Break it: one character
#
# Published code has had this bug: the output mask was written with $\ge$ in place of $>$. Output $d$ may then use
# hidden units of degree $d$, and those have seen $x_d$. We train the right and the wrong network on the small 8x8
# digits, in the same way.
#
# **Predict:** which of the two has the lower loss? What will its samples look like?

# %%
small = armod.data.load("digits8").binarize()
raster, place = torch.arange(64), torch.arange(1, 65)
(m,) = hidden_degrees(64, [300], seed=seed)
right = masks(raster, [m])
wrong = [right[0], place[:, None] >= m[None, :]]

drawn, loss = [], []
for layer_masks in (right, wrong):
    network = MyMADE(small.event_shape, raster, layer_masks)
    armod.fit(network, small.train, epochs=20 if quick else 60, learning_rate=3e-3, seed=seed)
    loss.append(armod.evaluate(network, small).nats)
    drawn.append(network.sample(10, generator=torch.Generator().manual_seed(seed)))
verdict = armod.check_autoregressive(network)
print(f"right: {loss[0]:.1f} nats; wrong: {loss[1]:.1f} nats per digit")
print(verdict)
assert loss[1] < loss[0] / 2 and verdict.leaks

# %%
image_grid(
    torch.stack(drawn),
    title="The better the loss, the worse the samples: the second network has seen the answers",
    row_labels=["mask >", "mask ≥"],
)

# %% [markdown]
# The wrong network's loss is far below anything honest, and its samples are a few stray marks. While it trained, the
# answer was there to be copied. While it samples, there is no answer yet. A loss that is too good is the first symptom
# of a leak; the oracle names a pair.

# %% [markdown]
# ## 9. Many orderings, one network
#
# Masks cost no weights. So the same weights can be trained under several orderings in turn: **order-agnostic
# training**. With `num_masks=4` and no ordering given, each of four *members* draws its own ordering and degrees, and
# the training steps go round among them. We use 3x3 patches of the small digits, so that all 512 observations can be
# enumerated.
#
# At test time there are four opinions about each pixel. Two ways to combine them:
#
# - average the four *probabilities* $p_m(x)$ of the whole observation;
# - average the four *logits* of each pixel, and multiply as usual. A well-known implementation does this.
#
# **Predict:** both look harmless. Which is a distribution?

# %%
patches = small.train[:, :, 2:5, 2:5]
ensemble = armod.MADE((1, 3, 3), [64], likelihood=bits, num_masks=4, seed=seed)
armod.fit(ensemble, patches, epochs=30, seed=seed)

everything = torch.tensor(list(itertools.product([0, 1], repeat=9))).view(-1, 1, 3, 3)


def averaged_logits(model, x):
    logits = torch.stack([member.conditionals(x).logits for member in model.members]).mean(0)
    return Bernoulli(logits=logits).log_prob(x.float()).flatten(1).sum(1)


averages = {"probabilities": ensemble.log_prob, "logits": lambda x: averaged_logits(ensemble, x)}
for name, log_prob in averages.items():
    mass, loss = log_prob(everything).exp().sum().item(), -log_prob(patches).mean().item()
    print(f"averaged {name}: total {mass:.3f}, 'loss' {loss:.2f} nats")
assert abs(armod.total_probability(ensemble) - 1) < 1e-5
assert averaged_logits(ensemble, everything).exp().sum() > 1.02

members = torch.stack([-member.log_prob(patches).mean() for member in ensemble.members])
mixture = -ensemble.log_prob(patches).mean()
print(f"mean of the four members {members.mean():.2f} nats, their mixture {mixture:.2f} nats")
assert mixture < members.mean()

# %% [markdown]
# Averaged probabilities add up to 1, as every mixture of distributions does. Averaged logits add up to more than 1, and
# their "loss" looks better for just that reason: it counts probability that does not exist. The logit of a pixel
# averages opinions that have seen *different* pasts, and no ordering makes a chain rule of that.
#
# The last line printed is a bonus that holds always: the mixture's loss is never above the mean of its members' losses,
# because the logarithm is concave. The price is four passes for one likelihood.
#
# Where does the bug stop being one? If all members share **one ordering**, their averaged logits still depend on the
# past alone. Then the product is a chain rule again, and its total is 1. Yet it is another model than the mixture.

# %%
shared = armod.MADE((1, 3, 3), [64], likelihood=bits, ordering=range(9), num_masks=4, seed=seed)
armod.fit(shared, patches, epochs=30, seed=seed)
mass = averaged_logits(shared, everything).exp().sum().item()
difference = (averaged_logits(shared, everything) - shared.log_prob(everything)).abs().max().item()
print(f"one ordering: total {mass:.3f}; up to {difference:.2f} nats away from the mixture")
assert abs(mass - 1) < 1e-5 and difference > 0.01

# %% [markdown]
# ## Summary
#
# - An autoencoder's outputs multiply to no distribution, because they have seen what they predict.
# - Degrees on all units, one mask with $\ge$ into hidden units and one with $>$ into outputs, cut every forbidden path.
# - One pass then gives all conditionals: likelihood is exact and training parallel. Sampling still goes step by step.
# - On 28x28 digits MADE needs 98 nats where independent pixels need 207; a loss near 0 would be a leak, not a triumph.
# - Several orderings can share one network. Average their probabilities, never their logits.

# %% tags=["nbval-ignore-output"]
lesson_quiz("4_5_1_made")

# %% [markdown]
# ## Further reading
#
# - M. Germain, K. Gregor, I. Murray, H. Larochelle, *MADE: Masked Autoencoder for Distribution Estimation*, ICML 2015:
#   "Masked Autoencoders" for the masks, "Deep MADE" for several layers, "Order-agnostic training" for section 9 here.
# - H. Larochelle, I. Murray, *The Neural Autoregressive Distribution Estimator*, AISTATS 2011: the recurrence that MADE
#   turned into masks.
# - B. Uria, I. Murray, H. Larochelle, *A Deep and Tractable Density Estimator*, ICML 2014: training under all orderings.
# - I. Goodfellow, Y. Bengio, A. Courville, *Deep Learning*, section 20.10.7 to 20.10.10: the classical auto-regressive
#   networks.
