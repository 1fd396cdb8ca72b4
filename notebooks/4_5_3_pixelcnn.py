# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 4.5.3 PixelCNN: convolutions that never look ahead
#
# **How can a convolution, which looks all around a pixel, predict that pixel from earlier ones only?**
#
# After this lesson you can
# - write masks A and B, for grey and for colour images, and say why the first layer needs its own
# - build a PixelCNN in twenty lines, and prove that it is a distribution
# - derive the blind spot of the plain stack, measure it with the oracle, and say what it costs
# - recognise the leak that mask B makes in the first layer, by its loss and by its samples
# - train on real digits, set the likelihood beside tables of counts, sample and complete, and say what the model cannot know
#
# **Minutes** 70 · **Needs** autoregressive masks; maximum likelihood · **Teaches** masked convolutions; blind spot; finite receptive field

# %% [markdown]
# The cell below holds the lesson's two parameters. `seed` changes every random choice; `quick` shortens the training.

# %% tags=["parameters"]
seed = 0
quick = False

# %%
import math
from itertools import product

import torch
from IPython.display import display
from torch import nn
from torch.distributions import Bernoulli
from torch.nn import functional as F

import armod
from armod.course.labs import choices, field_lab, lesson_quiz, number, predict, predictions
from armod.course.labs.field.facts import FieldFacts
from armod.course.labs.field.picture import mask_squares
from armod.figures.bars import likelihood_bars
from armod.figures.curves import curves
from armod.figures.images import image_grid
from armod.models.raster.pixel_masks import pixel_mask

torch.manual_seed(seed)
torch.set_num_threads(1)  # small matrices: a second thread costs more than it saves
bernoulli = armod.likelihoods.Bernoulli()
digits = armod.data.load("digits28").binarize()


def seeded(offset=0):
    return torch.Generator().manual_seed(seed + offset)


# %% [markdown]
# ## 1. An image, read like a page
#
# Lesson 4.5.1 put a MADE on digits. It had 785,284 weights, and it did not know that an image is an image. Shuffle all
# pixels in the same way in every digit, and it learns just as well. It has to learn
# in every corner anew what a stroke looks like.
#
# A convolution knows better. It slides *one* small filter over the whole image, so whatever it learns in one place
# holds in all places. To use it for the chain rule we need an ordering that fits a sliding filter. The natural one is
# the **raster**: row by row from the top, each row from left to right, as you read this page.

# %%
moments = [150, 300, 390, 480, 784]
read = torch.stack([torch.arange(784).view(28, 28) < moment for moment in moments])
seen_so_far = torch.where(read, digits.test[4, 0].long(), 0)[None]
labels = [f"{moment} pixels" for moment in moments]
title = "The raster reads a digit from the top: after 390 pixels the lower half is still unknown"
image_grid(seen_so_far, title=title, column_labels=labels, known=read[None])

# %% [markdown]
# Blue is the part that has been read. The next pixel may use all of the blue part and nothing else. At any moment the known part
# is made of whole rows, and of the left piece of one row.

# %% [markdown]
# ## 2. Masks A and B
#
# An ordinary 3×3 filter looks at nine pixels: the one in its centre, and eight around it. Which of them come earlier in
# the raster? The three above, and the one to the left. All other weights are multiplied by 0.
#
# That leaves the centre, which needs some thought.
#
# - The **first** layer reads the image. The very pixel that is to be predicted lies in its centre. So the weight there
#   must be 0. This is **mask A**.
# - **Later** layers read features. The features in the centre were computed by a masked layer. They know pixels above and
#   to the left, and do not know the pixel itself. So their weight can stay. This is **mask B**.


# %%
def build_mask(kernel_size, mask_type):
    half = kernel_size // 2
    mask = torch.zeros(kernel_size, kernel_size, dtype=torch.bool)
    mask[:half] = True  # rows above
    mask[half, :half] = True  # to the left
    mask[half, half] = mask_type == "B"
    return mask


def masked(convolution, x, mask_type):  # (N, C, H, W) -> (N, C', H, W)
    mask = build_mask(convolution.kernel_size[0], mask_type)
    return F.conv2d(x, convolution.weight * mask, convolution.bias, padding="same")


for kernel_size, mask_type in product((1, 3, 5, 7), "AB"):
    assert torch.equal(build_mask(kernel_size, mask_type), pixel_mask(kernel_size, mask_type)[0, 0])
mask_squares(
    {f"mask {each}, {size}×{size}": build_mask(size, each) for size in (3, 5) for each in "AB"},
    title="Masks A and B over the filter",
)

# %% [markdown]
# Ones are weights that stay, and the dark edge marks the centre, the only place where A and B differ. A 1×1 filter with mask A
# keeps no weight, and sees nothing at all. The assertion says that these are the library's masks. A **masked convolution** is
# an ordinary one whose weights are multiplied by the mask in every pass: `masked`.
#
# **Your turn.** How many weights of a $k \times k$ filter does mask A keep? Mend the line in `kept`.


# %%
def kept(k):  # by mask A
    return k * k


tried = {k: (kept(k), int(build_mask(k, "A").sum())) for k in (1, 3, 5, 7)}
wrong = [f"{k}×{k}: you say {mine}, it is {due}" for k, (mine, due) in tried.items() if mine != due]
print("not yet. " + wrong[-1] if wrong else "right")

# %% [markdown]
# > **Precision.** One often reads that mask B "includes the current pixel". It includes the current *place*. The
# > features there do not know the pixel's value, because the first layer had mask A.
#
# ### Colours: red, then green, then blue
#
# In a colour image every pixel holds three variables. The chain rule takes them one after another: red first, then
# green, which may see red, then blue, which may see both. This happens within one pixel, so it is a matter of the
# filter's centre. The features of each layer are divided into three groups, one for each colour.

# %%
colours = torch.arange(3)
centre = {"mask A, centre": colours[:, None] > colours, "mask B, centre": colours[:, None] >= colours}
for mask_type, square in zip("AB", centre.values(), strict=True):
    assert torch.equal(square, pixel_mask(3, mask_type, colours, colours)[:, :, 1, 1])
green_reads_green = {name[:6]: bool(square[1, 1]) for name, square in centre.items()}
predict(
    "Within one pixel: with which mask may the green group of a layer read the green group of the layer below?",
    choices(
        {
            "with neither": (False, False),
            "with mask A only": (True, False),
            "with mask B only": (False, True),
            "with both": (True, True),
        },
        answer=tuple(green_reads_green.values()),
    ),
    reveal=mask_squares(centre, labels="RGB", title="Within one pixel: rows read columns"),
)

# %% [markdown]
# <details><summary>What happened</summary>
#
# With mask B. Green *features* know red and the past, but not green itself, so mask B lets them through. Mask A reads the
# colours as they are, and there only red may pass to green.
#
# </details>
#
# The oracle of lesson 4.5.1 can tell us whether a whole network keeps to this. We ask it about the pixel in the middle of a
# tiny colour image.

# %%
rgb = armod.PixelCNN((3, 3, 3), 6, 1, likelihood=armod.likelihoods.Categorical(4))
sees = armod.dependency_matrix(rgb).view(3, 9, 3, 9)
print("R, G, B of the middle pixel see R, G, B of the same pixel:", sees[:, 4, :, 4].int().tolist())
assert torch.equal(sees[:, 4, :, 4], centre["mask A, centre"])
assert sees[:, 4, :, :4].all() and not sees[:, 4, :, 5:].any()

# %% [markdown]
# The measured square is that of mask A, though most of the network's layers have mask B: only the *first* layer
# decides what a stack sees of the pixel itself. The pixel sees all three colours of the four earlier ones, and nothing of later ones.

# %% [markdown]
# ## 3. The whole model
#
# We have all parts of the network. It begins with one masked convolution with mask A. Then come **residual blocks** with mask B: each squeezes the features to half as many, looks around,
# spreads them again, and adds the result to what it was given. Two 1×1 layers turn the features into one number for each
# pixel, the logit of its conditional.


# %%
class MyPixelCNN(armod.AutoregressiveModel):
    likelihood = bernoulli

    def __init__(self, event_shape, width, num_blocks, first="A"):
        super().__init__()
        self.event_shape, self.ordering = torch.Size(event_shape), armod.orderings.raster(event_shape)
        self.first, self.first_mask = nn.Conv2d(1, 2 * width, 3), first
        self.blocks = nn.ModuleList()
        for _ in range(num_blocks):
            squeeze, spread = nn.Conv2d(2 * width, width, 1), nn.Conv2d(width, 2 * width, 1)
            self.blocks.append(nn.ModuleList([squeeze, nn.Conv2d(width, width, 3), spread]))
        self.head = nn.ModuleList([nn.Conv2d(2 * width, 2 * width, 1), nn.Conv2d(2 * width, 1, 1)])

    def through(self, layers, features):
        for layer in layers:
            features = masked(layer, features.relu(), "B")
        return features

    def conditionals(self, x, context=None):
        features = masked(self.first, 2 * x.float() - 1, self.first_mask)
        for block in self.blocks:
            features = features + self.through(block, features)
        return Bernoulli(logits=self.through(self.head, features))


# %% [markdown]
# **Proof.** It is the library's `armod.PixelCNN`: with the same weights it gives the same likelihoods. (The library does not
# store the rows below the centre, which every mask hides. So we copy into the part that counts.) On an image of 3×3 pixels we
# enumerate all 512 observations, and their probabilities add up to 1. And the library's fast sampler, which computes every
# feature once, draws the same images as the textbook loop, which runs the whole network again for each pixel.

# %%
reference = armod.PixelCNN((1, 8, 8), 8, 3, likelihood=bernoulli, seed=seed)
mine = MyPixelCNN((1, 8, 8), 8, 3)
for my_weight, its_weight in zip(mine.parameters(), reference.parameters(), strict=True):
    my_weight.data[tuple(slice(size) for size in its_weight.shape)] = its_weight.data
x = torch.randint(2, (50, 1, 8, 8), generator=seeded())
assert torch.allclose(mine.log_prob(x), reference.log_prob(x), atol=1e-4)
assert abs(armod.total_probability(MyPixelCNN((1, 3, 3), 8, 2)) - 1) < 1e-5

reference.double()
fast, slow = (reference.sample(20, generator=seeded(), method=method) for method in ("cached", "naive"))
assert torch.equal(fast, slow)
for name, network in {"mine": mine, "reference": reference}.items():
    print(f"{name}:", *str(armod.check_autoregressive(network)).split("; "), sep="\n  ")

# %% [markdown]
# No conditional sees a later pixel. But the report also counts 875 pairs of a pixel and an earlier one that it does *not* see.
# The oracle can say no more about our own class. The library's class states how far its kernels reach together, so the
# oracle divides these pairs in two. Most are **out of reach**: further away than all kernels span. But in 179 pairs the
# earlier pixel is *near enough*, and yet unseen: it lies in the **blind spot**. A MADE had none. Where does it
# come from?

# %% [markdown]
# ## 4. The field lab
#
# The lab shows what one pixel sees through a stack of masked layers. Everything in it was measured by the oracle, pixel by
# pixel, for sixty stacks. Before you turn its knobs, guess.

# %%
by_depth = {
    depth: FieldFacts("plain", "A", 3, depth, row=12, column=6).counts["blind"] for depth in range(2, 7)
}
change = by_depth[6] - by_depth[2]
predict(
    "A plain stack of 3×3 layers gets deeper, from 2 layers to 6. What becomes of its blind spot?",
    choices({"it shrinks": -1, "it stays as it is": 0, "it grows": 1}, answer=(change > 0) - (change < 0)),
    reveal="Pixels in the blind spot: "
    + ", ".join(f"{n} with {depth} layers" for depth, n in by_depth.items()),
)

# %% [markdown]
# <details><summary>What happened</summary>
#
# It grows. The field reaches further with every layer, and so does the part of it that stays unseen.
#
# </details>
#
# Click a pixel or walk there with the arrow keys.
#
# 1. Take a larger kernel. What happens to the slope of the blind spot's edge?
# 2. Walk to the right margin of the image. What becomes of the blind spot?
# 3. Set *First mask* to B. What does the pixel see now that it must not?

# %% tags=["nbval-ignore-output"]
field_lab("plain", "A", kernel_size=3, depth=5)

# %% [markdown]
# A larger kernel makes the edge flatter. Near the right margin the blind spot is cut off, and at the margin there is no room
# for it. And with mask B first the pixel sees itself, a leak; section 6 trains that network. (The stack named *gated* belongs to
# lesson 4.5.4, which removes the blind spot.)
#
# **Your turn.** The blind spot of 3×3 layers has 1, 3, 6, 10, 15 pixels with 2, 3, 4, 5, 6 layers. Write the formula.


# %%
def blind_pixels(L):
    return L


wrong = [L for L in by_depth if blind_pixels(L) != by_depth[L]]
print(
    f"not yet: {blind_pixels(wrong[0])} instead of {by_depth[wrong[0]]} with {wrong[0]} layers"
    if wrong
    else "right"
)

# %% [markdown]
# ## 5. The blind spot, derived and measured
#
# Why can no path through the layers lead to a part of the past? Follow a path backwards from the pixel. A layer moves it to
# the right only if it also moves it up by at least one row: in the pixel's own row the mask keeps only the left. And one
# layer of $k \times k$ filters moves it by at most $h = (k-1)/2$ columns. So a path that climbs $r$ rows gets at most $h\,r$
# columns to the right. The kernels of $L$ layers together span $hL$ columns to the right. In row $r$ above the pixel that
# leaves $hL - hr$ pixels unseen, and over all rows
#
# $$\sum_{r=1}^{L-1} h\,(L - r) = \frac{h\,L\,(L-1)}{2}.$$
#
# For 3×3, $h = 1$, that is your formula. We let the oracle measure all stacks of 3×3 and 5×5 that have room in its image, for a
# pixel in the middle of the last row.

# %%
depths = torch.arange(1, 13)
formula = {f"kernel {k}×{k}": k // 2 * depths * (depths - 1) // 2 for k in (3, 5)}
points = {name: [] for name in formula}
for k, depth in [(3, depth) for depth in range(2, 7)] + [(5, 2), (5, 3)]:
    counted = FieldFacts("plain", "A", k, depth, row=12, column=6).counts["blind"]
    points[f"kernel {k}×{k}"].append((depth, counted))
    assert counted == k // 2 * depth * (depth - 1) // 2
curves(
    depths, formula, marks=points, xlabel="masked layers", ylabel="pixels in the blind spot",
    title="The blind spot grows with the square of the depth; the points are the oracle's",
)  # fmt: skip

# %% [markdown]
# The yellow points, which the oracle measured, lie on the lines of the formula. The kernels together span $2hL(hL+1)$ earlier
# pixels, so the blind *share* of these tends to $1/(4h)$: a quarter for 3×3 filters, an eighth for 5×5. Depth
# cannot mend this. A pixel one row up and two columns to the right is invisible to 3×3 filters, however many layers there are.
#
# ### What does that cost?
#
# We make images in which every pixel repeats one pixel of the row above: either its neighbour one column to the right,
# or the one two columns to the right. A pixel for which there is none is a fair coin. Images are 8×8, so in the first kind 15
# pixels are coins, in the second 22. All others can be predicted without error by a network that sees the right place.
#
# We train three networks, and change one thing at a time: the rule, then the depth.


# %%
def repeating(columns, count):
    images = torch.randint(2, (count, 1, 8, 8), generator=seeded())
    for row in range(1, 8):
        images[:, 0, row, :-columns] = images[:, 0, row - 1, columns:]
    return images


bits = {}
for columns, num_blocks in ((1, 3), (2, 3), (2, 7)):
    model = armod.PixelCNN((1, 8, 8), 8, num_blocks, likelihood=bernoulli, seed=seed)
    images = repeating(columns, 1500 if quick else 2500)
    armod.fit(model, images[500:], epochs=6, learning_rate=5e-3, seed=seed)
    bits[columns, num_blocks + 1] = 8 * 8 * armod.evaluate(model, images[:500]).bits_per_dim
predict(
    f"Four layers need {bits[1, 4]:.0f} bits for images of the first kind, which have 15 coins. How many for the second kind, with 22 coins?",
    number(bits[2, 4], unit="bits", low=0, high=100),
    reveal="\n\n".join(
        f"{columns} to the right, {depth} layers: {n:.1f} bits, {8 + 7 * columns} are coins"
        for (columns, depth), n in bits.items()
    ),
)

# %% [markdown]
# <details><summary>What happened</summary>
#
# One column to the right: the network finds the rule, and pays for the coins alone. Two columns to the right: it pays 64
# bits, as if every pixel were a coin, with four layers and with eight. No training can help, because no path leads to the
# answer.
#
# </details>
#
# In photographs and digits a pixel in the blind spot can often be guessed from those around it. Lesson 4.5.4 measures what it
# costs there: it gives the same network its blind spot back.

# %% [markdown]
# ## 6. Break it: mask B first
#
# The lab showed that mask B in the first layer leaks. What does such a network learn? Only this letter is wrong, and we train
# the right network and the wrong one on the 8×8 digits.
#
# To sample, we write the textbook loop by hand. It starts from a page, and draws one pixel after another in place. A
# right network never looks at pixels that are not drawn yet, so the page that we start from cannot matter.


# %%
def draw(network, page):
    page, noise = page.clone(), seeded()
    for row, column in product(range(8), range(8)):
        black = network.conditionals(page).probs[:, 0, row, column]
        page[:, 0, row, column] = torch.bernoulli(black, generator=noise)
    return page


small, loss, drawn = armod.data.load("digits8").binarize(), {}, {}
pages = {"blank": torch.zeros(10, 1, 8, 8), "noise": torch.randint(2, (10, 1, 8, 8)).float()}
for first in "AB":
    network = MyPixelCNN(small.event_shape, 8, 3, first=first)
    armod.fit(network, small.train, epochs=6 if quick else 15, learning_rate=1e-2, seed=seed)
    loss[first] = armod.evaluate(network, small).nats
    with torch.no_grad():
        drawn |= {f"{first} first, on {name}": draw(network, page) for name, page in pages.items()}
predict(
    f"With mask A first a digit costs {loss['A']:.1f} nats, with mask B first {loss['B']:.1f}. What will the second network draw?",
    choices(
        {"better digits": False, "whatever was on the page": True},
        answer=(drawn["B first, on noise"] == pages["noise"]).float().mean().item() > 0.9,
    ),
    reveal=[
        image_grid(
            torch.stack([pages["noise"], *drawn.values()]),
            title="Ten drawings of each network",
            row_labels=["page of noise", *drawn],
        ),
        f"The right network draws the same digits on both pages: {drawn['A first, on blank'].equal(drawn['A first, on noise'])}.",
        f"The oracle on the wrong one: {armod.check_autoregressive(network)}",
    ],
)

# %% [markdown]
# <details><summary>What happened</summary>
#
# The wrong network's loss is all but 0, and its samples are the page: nothing on a blank page, noise on
# a page of noise. It has learned a single thing, to copy the pixel in its centre. While it trained, the answer was
# there. While it draws, there is none yet.
#
# The right network draws the same digits on both pages, pixel for pixel. And the oracle's sentence names the fault without any
# training: 64 leaks, each pixel sees itself.
#
# </details>

# %% [markdown]
# ## 7. Real digits
#
# Back to 28×28. A small PixelCNN, five layers of 3×3 as in the lab, learns before your eyes. It has about 250 times fewer
# weights than the MADE of lesson 4.5.1, which needs 97 nats for a test digit.

# %%
small_model = armod.PixelCNN(digits.event_shape, 8, 4, likelihood=bernoulli, seed=seed)
recipe = {"learning_rate": 5e-3, "learning_rate_decay": 0.6, "average": 0.98, "batch_size": 50, "seed": seed}
history = armod.fit(small_model, digits, epochs=1 if quick else 3, **recipe)
ours = armod.evaluate(small_model, digits, seed=seed)
made = armod.pretrained.receipt("made-digits28").nats
in_nats = 784 * math.log(2) * torch.tensor([history.train_bits_per_dim, history.valid_bits_per_dim])
predict(
    f"The small PixelCNN has {ours.num_parameters:,} weights. How does it compare with MADE?",
    choices(
        ["it is better", "about as good, within 2 nats", "it is worse"],
        answer="about as good, within 2 nats"
        if abs(ours.nats - made) < 2
        else "it is better"
        if ours.nats < made
        else "it is worse",
    ),
    reveal=[
        f"{ours}",
        curves(
            range(1, len(history) + 1),
            {"train": in_nats[0], "valid": in_nats[1]},
            title="It learns",
            xlabel="epoch",
            ylabel="nats per digit",
            floor=("MADE", made),
        ),
    ],
)

# %% [markdown]
# <details><summary>What happened</summary>
#
# Better, after some seconds of training. Its curves go below MADE's line within the first epochs. (The training curve is the
# mean over an epoch, in which the network was still worse; so it begins above the other.)
#
# </details>
#
# The weights that ship with the course are those of a larger network, with eight layers, trained for longer. It needs 77 nats.
# MADE may look at *every* earlier pixel, and this network looks at a few rows. How can it win? Two explanations suggest
# themselves: it looks at *near* pixels only (**locality**), and it learns one filter from *all places* of all digits at once
# (**parameter sharing**). We can try out both without any network, by counting, as in lesson 4.5.1. For the $n$ nearest
# earlier pixels we count how often each of their $2^n$ patterns is followed by black. There may be one common table for the whole
# image, or a table for each place. Or the tables of the places lean on the common one (**back-off**): each begins with five
# imagined digits, which follow the common table.


# %%
def distance(offset):
    return math.hypot(*offset)


def patterns(x, n):  # of the n nearest earlier pixels, as a whole number for each pixel
    offsets = sorted(((r, c) for r in range(-4, 1) for c in range(-4, 5) if (r, c) < (0, 0)), key=distance)
    padded = F.pad(x[:, 0].long(), (4, 4, 4, 0))
    return sum(padded[:, 4 + r : 32 + r, 4 + c : 32 + c] << i for i, (r, c) in enumerate(offsets[:n]))


def counted(n, place, imagined=0.6, like=0.5):  # p of white and black: (places, 2^n, 2)
    seen = 2 * (patterns(digits.train, n) + place * 2**n) + digits.train[:, 0].long()
    size = 2 ** (n + 1) * (int(place.max()) + 1)
    counts = imagined * like + seen.flatten().bincount(minlength=size).view(-1, 2**n, 2)
    return counts / counts.sum(2, keepdim=True)


def nats_of(table, n, place):
    p = table[place.expand(len(digits.test), 28, 28), patterns(digits.test, n), digits.test[:, 0].long()]
    return -p.log().sum((1, 2)).mean().item()


# %% [markdown]
# Now count, and set all of it beside the networks.

# %%
near = [2, 4, 8, 12] if quick else [2, 4, 6, 8, 10, 12, 15, 18]
one, own = torch.zeros(28, 28, dtype=torch.long), torch.arange(784).view(28, 28)
few = [n for n in near if n <= 12]  # 784 tables for more than 12 pixels would be large
common = [nats_of(counted(n, one), n, one) for n in near]
alone = [nats_of(counted(n, own), n, own) for n in few]
leaning = [nats_of(counted(n, own, 5, counted(n, one)), n, own) for n in few]
nats = {"fair coins": 784 * math.log(2), "independent pixels": nats_of(counted(0, own), 0, own), "MADE": made}
nats |= {"GRU": armod.pretrained.receipt("recurrent-digits28").nats, "one table": min(common)}
nats |= {"leaning tables": min(leaning), "PixelCNN": armod.pretrained.receipt("pixelcnn-digits28").nats}
gap = [math.nan] * (len(near) - len(few))
lines = {"one table": common, "a table for each place": alone + gap, "leaning on the one": leaning + gap}
predict(
    f"The trained PixelCNN needs {nats['PixelCNN']:.0f} nats and MADE {made:.0f}. And one common table of the {near[-1]} nearest pixels, counted?",
    number(common[-1], unit="nats", low=40, high=210),
    reveal=[
        curves(
            near,
            lines,
            title="Counting the nearest pixels",
            xlabel="nearest pixels counted",
            ylabel="nats per digit",
            floor=("PixelCNN", nats["PixelCNN"]),
        ),
        likelihood_bars(nats, unit="nats per digit"),
    ],
)

# %% [markdown]
# <details><summary>What happened</summary>
#
# A table of counts beats MADE by far, and the GRU of lesson 4.4 as well. So *nearness* is most of the story: a table of the 18
# nearest pixels does better than a network that has to find out which of some 400 matter. (Ten *far* pixels were nearly worthless
# in lesson 4.5.1.)
#
# Now compare the lines. As long as few pixels are counted, a table for each place is *better* than the common one: with eight
# pixels it needs 82 nats instead of 89. In the middle of the image black follows other patterns than at the edge. With more
# pixels each place has too few digits for its many patterns, and its line turns up; the common one goes on to 79.7. And tables
# that lean on the common one have the best of both. They are ahead of all, with 75.5 nats: even of PixelCNN, by more than a nat.
# Places are *not* alike, and we shall need that.
#
# </details>
#
# So the plain PixelCNN does not beat the strongest table. But that table has $784 \cdot 2^{12}$ rows, 3.2 million, and PixelCNN
# has 19,681 weights, which do not know the place. Lesson 4.5.4 will do better than both. In bits per pixel 77 nats are 0.14,
# and a fair coin is 1. (Published numbers for MNIST use more data and other pixels, made binary at random. They cannot be
# compared with these.)
#
# What does such a model believe, pixel by pixel? Here is a real digit, and below it the probability of black for each pixel, *given
# the true pixels before it*. The last row is what each pixel costs, $-\log p$.

# %%
trained = armod.load_pretrained("pixelcnn-digits28").double()
real = digits.test[:8, 0].double()
with torch.no_grad():
    black = trained.conditionals(real[:, None]).probs[:, 0]
costs = -Bernoulli(black).log_prob(real)
shades = (255 * torch.stack([real, black, (costs / 3).clamp(max=1)])).round().long()
labels = ["digit", "p(black)", "nats, 3 or more black"]
image_grid(shades, 256, title="Nats are spent at the edges of strokes", row_labels=labels)

# %% [markdown]
# Inside a stroke and far from it the network is sure, and a pixel costs nearly nothing. It is unsure where a stroke begins, and
# where its edge turns. That is where the 77 nats go.
#
# And what does it draw? We sample the fast way, and put MADE's figures beside those of PixelCNN.

# %%
drawn = {"real": digits.test.long()}
for name in ("made", "pixelcnn"):
    drawn[name] = armod.load_pretrained(f"{name}-digits28").double().sample(200, generator=seeded())
touching = {name: 100 * x[:, 0, 27].any(1).double().mean().item() for name, x in drawn.items()}
predict(
    f"Strokes touch the last row in {touching['real']:.1f} % of the real digits, and in {touching['made']:.1f} % of MADE's. In how many of PixelCNN's?",
    number(touching["pixelcnn"], unit="%", low=0, high=100, digits=2),
    reveal=image_grid(
        torch.stack([x[:12] for x in drawn.values()]),
        title="Twelve of each",
        row_labels=["real", "MADE", "PixelCNN"],
    ),
)

# %% [markdown]
# <details><summary>What happened</summary>
#
# In most of them. Look at single strokes first. PixelCNN's are smooth and of even width, almost without MADE's stray specks. Then look
# at whole figures. Few are digits: one plausible bend leads to another, and most run off the page.
#
# </details>
#
# How can a model with a far better likelihood draw figures that MADE would not draw? Keep the riddle in mind for section 9.

# %% [markdown]
# ## 8. Completing a digit: which half may be given?
#
# As in lesson 4.5.1 we keep some pixels and draw the others. In raster order the upper half comes first, so the half that is
# drawn below it is an exact draw from the model's $p(\text{lower} \mid \text{upper})$. There is not one such half, but a whole
# distribution of them. Here are twelve for a single digit.

# %%
given = digits.test[10:90].long()
rows, places = torch.arange(28)[:, None], torch.arange(28)[None, :]
halves = {"upper": rows < 14, "left": places < 14, "lower": rows >= 14}
halves = {name: half.expand(28, 28) for name, half in halves.items()}


def complete(known, half):
    return trained.sample(len(known), known=known, mask=halves[half][None], generator=seeded())


twelve = complete(given[33:34].expand(12, -1, -1, -1), "upper")
pictures = torch.cat([given[33:34], twelve])[None].unflatten(1, (1, 13))[0]
image_grid(
    pictures,
    title="A digit, and twelve lower halves for its upper half",
    known=halves["upper"].expand(pictures.shape),
)

# %% [markdown]
# The first one is the real digit. All twelve begin with the strokes that cross the middle, and then they go their own ways.
#
# May we also give the left half, or the lower half? Here the draw is exact because all given pixels come before all drawn
# ones in the ordering. What if they do not? We exchange given pixels for those of another digit, keep the random numbers,
# and look at the upper rows of the drawn part.

# %%
other = given.roll(1, 0)  # for each digit, another one
completed = {half: complete(given, half) for half in halves}
later = torch.where(halves["lower"], other, given)  # differs in the lower half only
changed = {
    half: bool((complete(later, half)[:, :, :14] != completed[half][:, :, :14]).any())
    for half in ("left", "lower")
}
pictures = torch.stack([given, *completed.values()])[:, ::11]
known = torch.stack([torch.zeros(28, 28, dtype=torch.bool), *halves.values()])[:, None, None]
labels = ["real digit", *(f"{half} half given" for half in halves)]
predict(
    "The left half is given in every row. We change it in the lower rows only. What happens to the upper right quarter, which is drawn?",
    choices({"it changes, too": True, "it stays as it is": False}, answer=changed["left"]),
    reveal=image_grid(pictures, title="Completions", row_labels=labels, known=known.expand(pictures.shape)),
)

# %% [markdown]
# <details><summary>What happened</summary>
#
# It stays as it is, for all 80 digits and pixel by pixel. A pixel on the right sees the given pixels of its own row
# and of the rows above. It does not see those of the rows below, which come later in the raster, though they are known. So
# this draw is not exact. In the last row of the picture the drawn upper half ignores the lower half altogether.
#
# </details>
#
# So give a raster model what comes first. If you need the left half, train one that goes by columns: the masks are the same, the
# image is turned. The library's `PixelCNN` does that with `ordering=armod.orderings.column(event_shape)`. Lesson 4.6.1 shows how
# to complete from any side.

# %% [markdown]
# ## 9. What this model cannot know
#
# The chain rule conditions each pixel on *all* earlier ones. Our network makes do with fewer: eight layers of 3×3 see
# eight rows up, without the blind spot. Its likelihood is exact, but it is the likelihood of a model that forgets.

# %%
places = [(5, 5), (13, 22), (20, 14), (27, 3)]
fields = torch.stack([trained.receptive_field(*place)[0] for place in places])
index = torch.tensor([row * 28 + column for row, column in places])
earlier = torch.arange(784).view(28, 28) < index[:, None, None]
counts = [(int(field.sum()), int(past.sum())) for field, past in zip(fields, earlier, strict=True)]
predict(
    f"{counts[2][1]} pixels come before row 21, column 15. How many of them does the trained network look at?",
    number(counts[2][0], unit="pixels", low=0, high=574),
    reveal=image_grid(
        (earlier.int() + fields)[None],
        3,
        title="Black is seen, grey is earlier and never looked at",
        column_labels=[f"{seen} of\n{past}" for seen, past in counts],
    ),
)

# %% [markdown]
# <details><summary>What happened</summary>
#
# A fifth: 116 (the third picture). The black fields have the shape that you know from the lab, cut where the image ends.
#
# </details>
#
# **Proof.** We replace the ten upper rows of each of the 80 digits by those of another digit. The rows from the 19th on lie
# more than eight rows further down. For PixelCNN they cost exactly the same as before, for MADE they do not.

# %%
both = given, torch.where(rows < 10, other, given)
for name in ("pixelcnn", "made"):
    model = armod.load_pretrained(f"{name}-digits28").double()
    own, new = (-model.conditionals(x).log_prob(x.double())[:, :, 18:].sum() / len(x) for x in both)
    print(f"{name}: rows 19 to 28 cost {own:.1f} nats below their own top, {new:.1f} nats below another")
    assert abs(new - own) < 1e-9 if name == "pixelcnn" else new > own + 10

# %% [markdown]
# As soon as eight rows lie between them, this PixelCNN draws the foot of a figure without regard to whether its top was that
# of a 3 or of a 7.
#
# And yet its likelihood is good. A real digit is scored one pixel at a time, always with a *real* past (as in training, by
# teacher forcing, lesson 4.4), and section 7 has shown how much the nearest pixels tell. Only a sample has to live with its own past,
# and with the errors in it (**exposure bias**).
#
# And why do its figures run off the page? There are three suspects. The *blind spot* hides a part of the past. The *field* is
# short, so the network has forgotten the top when it draws the foot. And *place*: the tables of section 7 were better when each place had its own,
# and a convolution does the same in all places. Each suspect would explain the samples. To find the culprit one has to
# remove one of them, and keep the others. The next lesson removes the blind spot first.

# %% [markdown]
# ## Summary
#
# - In raster order a convolution may keep the rows above and the left; A hides the centre, B shows features in it.
# - A in the first layer and B in all later ones make a distribution; B in the first one makes a copying machine.
# - The plain stack is blind to $hL(L-1)/2$ pixels up and to the right, and depth widens the blind spot.
# - The nearest pixels say most: tables of counts beat MADE by far. The best of them, with 3.2 million rows, is a nat ahead of
#   a PixelCNN with 19,681 weights.
# - It knows what its field shows, no more: a good likelihood pixel by pixel, and samples that run off the page.

# %% tags=["nbval-ignore-output"]
display(predictions())
lesson_quiz("4_5_3_pixelcnn")

# %% [markdown]
# ## Exercises
#
# [Your own copy of the exercises](my_exercises/4_5_3_pixelcnn.ipynb) opens in JupyterLab. You write masks A and B with
# channels, measure a blind spot, find a 1×1 layer that hides too much, and train a model of your own within a budget; each answer is
# checked as soon as you run it.
#
# ## Further reading
#
# - A. van den Oord, N. Kalchbrenner, K. Kavukcuoglu, *Pixel Recurrent Neural Networks*, ICML 2016: section 3.4 for the
#   masks, 3.5 for PixelCNN, figure 2 for both.
# - A. van den Oord et al., *Conditional Image Generation with PixelCNN Decoders*, NeurIPS 2016: section 2.2 for the blind
#   spot, and how two stacks remove it.
# - Lesson 4.5.1 for the oracle and for likelihood receipts.
#
# ---
#
# [← 4.5.2 WaveNet: a short path into a long past](4_5_2_wavenet.ipynb) · [The course map](index.ipynb) · [4.5.4 PixelCNN variants: two stacks, and colours as quantities →](4_5_4_pixelcnn_variants.ipynb)
