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
# - say which average over several orderings is a distribution, which is not, and which ordering suits MADE
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
from itertools import pairwise
from timeit import repeat, timeit

import torch
from torch import nn
from torch.distributions import Bernoulli
from torch.nn import functional as F

import armod
from armod.figures.bars import likelihood_bars
from armod.figures.images import image_grid
from armod.models.made.masks import hidden_degrees, masks, who_sees_whom
from armod.course.labs import lesson_quiz
from armod.course.labs import mask_lab

torch.manual_seed(seed)
torch.set_num_threads(1)  # small matrices: a second thread costs more than it saves
bernoulli = armod.likelihoods.Bernoulli()

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
autoencoder = nn.Sequential(nn.Linear(3, 32), nn.ReLU(), nn.Linear(32, 3))
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
# straight to its output. No distribution can do with less than $3 \ln 2 = 2.08$ nats on average over eight equally
# frequent observations (a nat is the unit of the natural logarithm; one bit is 0.69 nats). So a loss of 0.00 is not
# good learning. It is a sign that the outputs have seen the answers.
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
# Any degrees give a distribution; poor ones give a weak one. We draw them at random. The product of the two masks counts the paths from each input to each
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
# $k$ to output $d$ needs $d > m(k) \ge j$, and so $d > j$. With more hidden layers the chain only gets longer: between two
# of them a weight is kept where the degree above is at least the degree below. Section 4 builds that.
#
# > **Precision.** The module's text gives the first mask only. With $M^W$ alone the property does not hold: outputs
# > that may use every hidden unit see nearly everything. The last two lines of the cell count what leaks then.

# %% [markdown]
# ## 3. The mask lab
#
# Turn the knobs, hover over a unit or move to it with the Tab key, and watch who sees whom. Predict before you turn:
#
# 1. Choose output 1. How many inputs does it see, and on what can its probability depend at all?
# 2. Set *Hidden layers* to 1, then its units to 1. Which outputs still see something?
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
    likelihood = bernoulli

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
# Is this the model that the library calls `armod.MADE`? We build the masks for two hidden layers and a random ordering.
# An input's degree is its place in the *ordering*, whatever its own number is. Which unit of a layer has which degree
# makes no difference to what the network can say; the library keeps them in ascending order, because then whole blocks
# of each mask are empty, and need not be computed. Then we give both models the same weights, and compare.

# %%
ordering = armod.orderings.random((6,), seed=seed)
place = ordering.argsort() + 1
degrees = [layer.sort().values for layer in hidden_degrees(6, [32, 32], seed=seed)]
hidden = [above[:, None] >= below[None, :] for below, above in pairwise([place, *degrees])]
layer_masks = [*hidden, place[:, None] > degrees[-1][None, :]]
assert all(map(torch.equal, layer_masks, masks(ordering, degrees)))

reference = armod.MADE((6,), [32, 32], likelihood=bernoulli, ordering=ordering, seed=seed)
mine = MyMADE((6,), ordering, layer_masks)
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
# The oracle counts variables from 0. A *blind* pair is an earlier variable that could be seen and is not; *out of reach*
# is one beyond the model's field, which a MADE does not have. The last assertion says more: what the network depends on
# is exactly what the product of its masks says.
#
# Enumeration and the oracle check this small model. For 784 pixels nobody can list the observations; there the chain of
# inequalities of section 2 is the proof.
#
# ### One pass instead of D
#
# Without masks we would have to hide the future by hand. For variable $d$, blank all inputs from $d$ on, run the
# network, and read one output; then again for the next. The masked network gives the same numbers in a single pass.
#
# **Predict:** for 64 variables, how many times faster?

# %%
model = armod.MADE((64,), [256], likelihood=bernoulli, seed=seed)
x, past = torch.randint(2, (500, 64)), torch.arange(64)


def each_alone():
    return torch.stack([model.conditionals(x * (past < d)).logits[:, d] for d in range(64)], dim=1)


assert torch.allclose(each_alone(), model.conditionals(x).logits, atol=1e-5)
alone, together = (min(repeat(run, number=1)) for run in (each_alone, lambda: model.conditionals(x)))
print(f"they agree; one pass is more than {50 if alone > 50 * together else 20} times faster")
assert alone > 20 * together

# %% [markdown]
# There are 64 times fewer passes, and none of them has to blank its inputs. This is why masked models train fast. A
# recurrent network computes its conditionals one after another, because each hidden state waits for the one before.

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
#   of its patterns occurs in training. One imaginary digit, spread evenly over all patterns, keeps everything possible.
#   Strips of one pixel are *independent pixels*.
#
# **Predict:** do longer strips always help?

# %%
digits = armod.data.load("digits28").binarize()


def histogram_nats(width):
    """Nats per test digit with one histogram for every strip of `width` pixels."""
    powers, nats = 2.0 ** torch.arange(width).double(), 0.0
    strips = [
        pixels.view(-1, 784 // width, width).double() @ powers for pixels in (digits.train, digits.test)
    ]
    for seen, new in zip(strips[0].T, strips[1].T, strict=True):
        cells, cell = torch.cat([seen, new]).unique(return_inverse=True)
        counts = torch.bincount(cell[: len(seen)], minlength=len(cells))[cell[len(seen) :]]
        nats -= ((counts + 0.5**width) / (len(seen) + 1)).log().mean().item()
    return nats


by_width = {width: histogram_nats(width) for width in (1, 2, 4, 7, 14, 28)}
print(digits)
print("nats by number of pixels in a strip:", {width: round(value) for width, value in by_width.items()})
assert [round(value) for value in by_width.values()] == [207, 172, 152, 143, 139, 175]

# %% [markdown]
# Up to fourteen pixels they help. A strip of 28 has so many patterns that many of those in the test set were never seen
# in training, and each surprise is expensive. A histogram of whole digits, with its $2^{784}$ cells, would be surprised
# every time.
#
# Now a MADE with one hidden layer of 500 units, before your eyes. The output biases start where the independent pixels
# end, so the network has to learn only how pixels depend on each other.


# %%
def learn(**options):
    model = armod.MADE(digits.event_shape, [500], likelihood=bernoulli, seed=seed, **options)
    model.start_from_marginals(digits.train)
    armod.fit(model, digits, epochs=4 if quick else 10, learning_rate=3e-3, seed=seed)
    return model


ours = armod.evaluate(learn(), digits, seed=seed)
print(ours)
assert ours.nats < min(by_width.values())

# %% [markdown]
# That line is a **receipt**: the number, its standard error, its unit, the data set, the split, the ordering (*raster*
# is row by row from the top left) and the seed. Without them a likelihood cannot be checked. Training longer, with a
# smaller step, gives the weights that ship with the course.

# %%
trained = armod.load_pretrained("made-digits28").double()
receipt = armod.evaluate(trained, digits, seed=0)
print(receipt)
assert round(receipt.nats) == 97 and round(receipt.bits_per_dim, 2) == 0.18
nats = {"fair coins": 784 * math.log(2), "independent pixels": by_width[1]}
nats |= {"strips of 14 pixels": by_width[14], "MADE, 500 hidden units": receipt.nats}
likelihood_bars(nats, unit="nats per digit")

# %% [markdown]
# MADE needs 97 nats for a digit it has never seen, the best of these histograms 139, independent pixels 207, fair coins
# 543. In bits per pixel that is 0.18 against the coins' 1. The gap between 207 and 97 is what the network knows about
# how pixels go together. (The paper's numbers for MNIST use other pixels, made binary at random, and more data. They
# cannot be compared with ours.)

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
fast, slow = min(repeat(lambda: draw("cached"), number=1)), timeit(lambda: draw("naive"), number=1)
assert slow > 40 * fast
pictures = torch.stack([digits.test[:10].long(), samples])
image_grid(pictures, title="Ten test digits, and ten that MADE made up", row_labels=["real", "drawn"])

# %% [markdown]
# The same digits, pixel for pixel, and more than 40 times faster, as the cell asserts: caching changes what is computed
# twice, not what is computed. (In single precision a draw that lies right on its threshold may fall the other way. Here
# we compute in double precision, where that is all but impossible.)
#
# Look at the drawn row. Strokes have about the right width, some pictures could pass, and most are ragged, with stray
# specks. MADE has learned how strokes go on, less well what they add up to.

# %% [markdown]
# ## 7. Completing a digit, and where that stops being right
#
# Keep some pixels, draw the others: that is `sample` with `known` and `mask`. Our model goes through the image row by
# row. So if the *upper* half is known, it comes first in the ordering, and each new pixel is drawn given all of it.
# This is an exact draw from the model's $p(\text{lower} \mid \text{upper})$.
#
# **Predict:** what happens if the *lower* half is known instead?

# %%
upper = torch.zeros(1, 28, 28, dtype=torch.bool)
upper[:, :14] = True
given = digits.test.long()


def complete(model, mask):
    return model.sample(len(given), known=given, mask=mask, generator=torch.Generator().manual_seed(seed))


pasted = complete(trained, ~upper)
rows = torch.stack([given, complete(trained, upper), pasted])[:, 10:90:11]
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
# The likelihood says it too. We complete all 500 test digits, and ask the model how probable it finds the pictures. And
# we let a second MADE, whose ordering runs *backwards*, complete the same lower halves.

# %%
backwards = learn(ordering=armod.orderings.reversed(digits.event_shape))


def surprise(x):
    return -trained.log_prob(x).mean().item()


mended = complete(backwards, ~upper)
print(f"nats: real {surprise(given):.0f}, pasted {surprise(pasted):.0f}, backwards {surprise(mended):.0f}")
assert surprise(mended) + 20 < surprise(pasted)

# %% [markdown]
# The pasted pictures surprise the model by more than 20 nats beyond those of the backwards MADE, for which the lower
# half comes first. So completion is exact only where the known pixels come first in the ordering, and one ordering
# serves one kind of question. Section 9 asks whether one network can serve many orderings.

# %% [markdown]
# ## 8. Break it: one character
#
# Published code has had this bug (`e-hulten/made` is one): the output mask was written with $\ge$ in place of $>$. Output
# $d$ may then use hidden units of degree $d$, and those have seen $x_d$. We train the right and the wrong network on the
# small 8x8 digits, in the same way.
#
# **Predict:** which of the two has the lower loss? What will its samples look like?

# %%
small = armod.data.load("digits8").binarize()
(m,) = hidden_degrees(64, [300], seed=seed)
right = masks(torch.arange(64), [m])
wrong = [right[0], torch.arange(1, 65)[:, None] >= m[None, :]]

drawn, loss = [], []
for layer_masks in (right, wrong):
    network = MyMADE(small.event_shape, torch.arange(64), layer_masks)
    armod.fit(network, small.train, epochs=60, learning_rate=3e-3, seed=seed)
    loss.append(armod.evaluate(network, small).nats)
    drawn.append(network.sample(10, generator=torch.Generator().manual_seed(seed)))
report = armod.check_autoregressive(network)
print(f"right: {loss[0]:.1f} nats; wrong: {loss[1]:.1f} nats per digit")
print(report)
assert loss[1] < loss[0] / 4 and report.leaks and drawn[1].sum() < drawn[0].sum() / 2

title = "The better the loss, the worse the samples: the second network has seen the answers"
image_grid(torch.stack(drawn), title=title, row_labels=["mask >", "mask ≥"])

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
# - average the four *logits* of each pixel, and multiply as usual. `karpathy/pytorch-made` does this.
#
# **Predict:** both look harmless. Which is a distribution?

# %%
train, test = small.train[:, :, 2:5, 2:5], small.test[:, :, 2:5, 2:5]
everything = torch.tensor(list(itertools.product([0, 1], repeat=9))).view(-1, 1, 3, 3)
ensemble = armod.MADE((1, 3, 3), [64], likelihood=bernoulli, num_masks=4, seed=seed)
armod.fit(ensemble, train, epochs=30, seed=seed)


def averaged_logits(model, x):
    logits = torch.stack([member.conditionals(x).logits for member in model.members]).mean(0)
    return Bernoulli(logits=logits).log_prob(x.float()).flatten(1).sum(1)


averages = {"probabilities": ensemble.log_prob, "logits": lambda x: averaged_logits(ensemble, x)}
total = {name: log_prob(everything).exp().sum().item() for name, log_prob in averages.items()}
loss = {name: -log_prob(test).mean().item() for name, log_prob in averages.items()}
print("total:", {name: round(value, 3) for name, value in total.items()})
print("'loss' on test patches:", {name: round(value, 2) for name, value in loss.items()})
assert (
    abs(total["probabilities"] - 1) < 1e-5
    and total["logits"] > 1.02
    and loss["logits"] < loss["probabilities"]
)

# %% [markdown]
# Averaged probabilities add up to 1, as every mixture of distributions does. Averaged logits do not: here they add up to
# more than 1, on another model it can be less. Their "loss" looks better, and most of the advantage is probability that
# does not exist. The logits of a pixel have seen *different* pasts, and no ordering makes a chain rule of their average.
#
# Where does the bug stop being one? If all members share **one ordering**, their averaged logits still depend on the
# past alone. Then the product is a chain rule again, and its total is 1. Yet it is another model than the mixture.

# %%
shared = armod.MADE((1, 3, 3), [64], likelihood=bernoulli, ordering=range(9), num_masks=4, seed=seed)
armod.fit(shared, train, epochs=30, seed=seed)
mass = averaged_logits(shared, everything).exp().sum().item()
difference = (averaged_logits(shared, everything) - shared.log_prob(everything)).abs().max().item()
print(f"one ordering: total {mass:.3f}; up to {difference:.2f} nats away from the mixture")
assert abs(mass - 1) < 1e-5 and difference > 0.01

# %% [markdown]
# ### What several orderings buy, and what they cost
#
# **Predict:** is the mixture of four orderings a better model of the patches than one MADE of the same size?

# %%
single = armod.MADE((1, 3, 3), [64], likelihood=bernoulli, seed=seed)
armod.fit(single, train, epochs=30, seed=seed)
members = torch.stack([-member.log_prob(test).mean() for member in ensemble.members])
mixture, alone = -ensemble.log_prob(test).mean(), -single.log_prob(test).mean()
print(f"four members {members.mean():.2f} nats, their mixture {mixture:.2f}, one raster MADE {alone:.2f}")
assert alone < mixture < members.mean()

# %% [markdown]
# The mixture is never worse than the mean of its members, because the logarithm is concave. But it is worse than one
# MADE that spends all its weights on a single ordering. So you buy several orderings, not likelihood. What they are good
# for is completion: choose the member whose ordering has the known pixels first, and its draw is exact for that member.
# The chain rule holds in every ordering; four members that share a network need not agree on what $p(x)$ is.

# %% [markdown]
# ### Which ordering is best?
#
# By the chain rule any ordering can describe any distribution. A network of limited size cannot, so the ordering may
# matter. We train the MADE of section 5 again, with the same size and the same number of epochs, under three other
# orderings:
#
# - **subscale**: the image falls into four interleaved pictures of 14x14 pixels, which come one after the other;
# - **coarse to fine**: first a few pixels far apart, then those halfway between them, and so on;
# - a **random** permutation, as a control: it has no idea behind it.
#
# **Predict:** which one needs the fewest nats? And will the random one be better or worse than raster?

# %%
orders = {
    "subscale": armod.orderings.subscale(digits.event_shape, 2),
    "coarse to fine": armod.orderings.coarse_to_fine(digits.event_shape),
    "random": armod.orderings.random(digits.event_shape, seed=seed),
}

# %%
by_order = {"raster": ours.nats}
for name, order in orders.items():
    by_order[name] = armod.evaluate(learn(ordering=order), digits, seed=seed).nats
assert max(by_order[name] for name in orders) + 6 < by_order["raster"]
likelihood_bars(by_order, unit="nats per digit")

# %% [markdown]
# The three others beat raster by more than 6 nats, with nothing changed but a permutation. The control is the surprise: a
# *random* ordering does about as well as the two that were designed. So it is not the scales that help this network. What
# the three share, and raster lacks, is that known pixels soon lie on all sides of the next one. In raster order nothing
# below a pixel is ever known.
#
# This is a statement about MADE, whose hidden units see single pixels at fixed places. A network with other habits may
# have another favourite; lesson 4.7.2 comes back to it.

# %% [markdown]
# ## Summary
#
# - An autoencoder's outputs multiply to no distribution, because they have seen what they predict.
# - Degrees on all units, masks with $\ge$ into hidden units and with $>$ into outputs, cut every forbidden path.
# - One pass then gives all conditionals: likelihood is exact and training parallel. Sampling still goes step by step.
# - On 28x28 digits MADE needs 97 nats where independent pixels need 207; a loss near 0 would be a leak, not a triumph.
# - Several orderings can share one network: average their probabilities, never their logits. Raster was the worst of four.

# %% tags=["nbval-ignore-output"]
lesson_quiz("4_5_1_made")

# %% [markdown]
# ## Exercises
#
# [Your own copy of the exercises](my_exercises/4_5_1_made.ipynb) opens in JupyterLab. You compute masks, mend published bugs,
# sample in a random ordering and complete digits; each answer is checked as soon as you run it.
#
# ## Further reading
#
# - M. Germain, K. Gregor, I. Murray, H. Larochelle, *MADE: Masked Autoencoder for Distribution Estimation*, ICML 2015:
#   "Masked Autoencoders" for the masks, "Deep MADE" for several layers, "Order-agnostic training" for section 9 here.
# - H. Larochelle, I. Murray, *The Neural Autoregressive Distribution Estimator*, AISTATS 2011: $D$ conditionals with
#   shared weights, MADE's predecessor.
# - B. Uria, I. Murray, H. Larochelle, *A Deep and Tractable Density Estimator*, ICML 2014: training under all orderings.
# - I. Goodfellow, Y. Bengio, A. Courville, *Deep Learning*, section 20.10.7 to 20.10.10: the classical auto-regressive
#   networks.
