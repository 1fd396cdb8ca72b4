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
# - train on real digits, state bits per pixel, sample and complete, and say what the model cannot know
#
# **Minutes** 60 · **Needs** autoregressive masks; maximum likelihood · **Teaches** masked convolutions; blind spot; finite receptive field

# %% [markdown]
# The cell below holds the lesson's two parameters. `seed` changes every random choice; `quick` shortens the training.

# %% tags=["parameters"]
seed = 0
quick = False

# %%
import math
from itertools import pairwise, product

import torch
from torch import nn
from torch.distributions import Bernoulli
from torch.nn import functional as F

import armod
from armod.figures.bars import likelihood_bars
from armod.figures.curves import curves
from armod.course.labs.field.picture import mask_squares
from armod.course.labs.field.facts import FieldFacts
from armod.measures.field_table import small_stack
from armod.figures.images import image_grid
from armod.models.raster.pixel_masks import pixel_mask
from armod.course.labs import lesson_quiz
from armod.course.labs import field_lab

torch.manual_seed(seed)
torch.set_num_threads(1)  # small matrices: a second thread costs more than it saves
bernoulli = armod.likelihoods.Bernoulli()
digits = armod.data.load("digits28").binarize()

# %% [markdown]
# ## 1. An image, read like a page
#
# Lesson 4.5.1 put a MADE on digits. It had 785,284 weights, and it did not know that an image is an image. Shuffle all
# pixels in the same way in every digit, and it learns just as well. What a stroke looks like in one corner it has to
# learn again in the next.
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
# Blue is what has been read. The next pixel may use all of the blue part and nothing else. At any moment the known part
# is made of whole rows, and of the left piece of one row.

# %% [markdown]
# ## 2. Masks A and B
#
# An ordinary 3×3 filter looks at nine pixels: the one in its centre, and eight around it. Which of them come earlier in
# the raster? The three above, and the one to the left. All other weights are multiplied by 0.
#
# That leaves the centre, and the centre needs a thought.
#
# - The **first** layer reads the image. In its centre lies the very pixel that is to be predicted. So its weight must
#   be 0. This is **mask A**.
# - **Later** layers read features. The features in the centre were computed by a masked layer. They know what lies
#   above and to the left of the pixel, and do not know the pixel. So their weight can stay. This is **mask B**.


# %%
def build_mask(kernel_size, mask_type):
    half = kernel_size // 2
    mask = torch.zeros(kernel_size, kernel_size, dtype=torch.bool)
    mask[:half] = True  # rows above
    mask[half, :half] = True  # to the left
    mask[half, half] = mask_type == "B"
    return mask


for kernel_size, mask_type in product((1, 3, 5, 7), "AB"):
    assert torch.equal(build_mask(kernel_size, mask_type), pixel_mask(kernel_size, mask_type)[0, 0])
assert [int(build_mask(size, each).sum()) for size in (1, 3, 5) for each in "AB"] == [0, 1, 4, 5, 12, 13]
mask_squares(
    {f"mask {each}, {size}×{size}": build_mask(size, each) for size in (3, 5) for each in "AB"},
    title="Masks A and B over the filter: they differ in the centre alone",
)

# %% [markdown]
# Ones are weights that stay, the ink edge marks the centre. Of nine weights mask A keeps four and mask B five; of 25
# they keep 12 and 13. A 1×1 filter with mask A keeps none, and sees nothing at all.
#
# > **Precision.** One often reads that mask B "includes the current pixel". It includes the current *place*. The
# > features there do not know the pixel's value, because mask A stood below them.
#
# ### Colours: red, then green, then blue
#
# In a colour image every pixel holds three variables. The chain rule takes them one after another: red first, then
# green, which may see red, then blue, which may see both. This happens inside of one pixel, so it is a matter of the
# filter's centre. The features of each layer are divided into three groups, one for each colour.
#
# **Predict:** in the centre of mask B, may the green group read green features?

# %%
colours = torch.arange(3)
centre = {"mask A, centre": colours[:, None] > colours, "mask B, centre": colours[:, None] >= colours}
for mask_type, square in zip("AB", centre.values(), strict=True):
    assert torch.equal(square, pixel_mask(3, mask_type, colours, colours)[:, :, 1, 1])
mask_squares(
    centre, labels="RGB", title="Within one pixel: A reads earlier colours only, B its own group too"
)

# %% [markdown]
# Yes. Green *features* know red and the past, but not green itself, so mask B lets them through. Mask A reads the
# colours as they are, and there only red may pass to green. The oracle of lesson 4.5.1 can tell us whether a whole network
# keeps to this. We ask it about the pixel in the middle of a tiny colour image.

# %%
rgb = armod.PixelCNN((3, 3, 3), 6, 1, likelihood=armod.likelihoods.Categorical(4))
sees = armod.dependency_matrix(rgb).view(3, 9, 3, 9)
print("R, G, B of the middle pixel see R, G, B of the same pixel:", sees[:, 4, :, 4].int().tolist())
assert torch.equal(sees[:, 4, :, 4], centre["mask A, centre"])
assert sees[:, 4, :, :4].all() and not sees[:, 4, :, 5:].any()

# %% [markdown]
# The measured square is that of mask A, though most of the network's layers have mask B: a stack sees what its *first*
# layer lets in. Of the four earlier pixels all three colours are seen, of later pixels nothing.

# %% [markdown]
# ## 3. The whole model
#
# Now we can build it. A convolution multiplies its weights by the mask in every pass. One layer with mask A, then
# blocks with mask B. Each block squeezes the features, looks around, spreads them again, and adds the result to what it
# was given. Two 1×1 layers turn the features into one number for each pixel, the logit of its conditional.


# %%
class MaskedConvolution(nn.Conv2d):
    def __init__(self, below, above, kernel_size, mask_type):
        super().__init__(below, above, kernel_size, padding=kernel_size // 2)
        self.mask = build_mask(kernel_size, mask_type).float()

    def forward(self, x):
        return F.conv2d(x, self.weight * self.mask, self.bias, padding=self.padding)


def masked_layers(*widths, kernels):
    layers = [MaskedConvolution(*pair, k, "B") for pair, k in zip(pairwise(widths), kernels, strict=True)]
    return nn.Sequential(*(nn.Sequential(nn.ReLU(), layer) for layer in layers))


class MyPixelCNN(armod.AutoregressiveModel):
    likelihood = bernoulli

    def __init__(self, event_shape, width, num_blocks, first="A"):
        super().__init__()
        self.event_shape, self.ordering = torch.Size(event_shape), armod.orderings.raster(event_shape)
        self.first = MaskedConvolution(1, 2 * width, 3, first)
        blocks = (
            masked_layers(2 * width, width, width, 2 * width, kernels=(1, 3, 1)) for _ in range(num_blocks)
        )
        self.blocks = nn.ModuleList(blocks)
        self.head = masked_layers(2 * width, 2 * width, 1, kernels=(1, 1))

    def conditionals(self, x, context=None):
        features = self.first(2 * x.float() - 1)
        for block in self.blocks:
            features = features + block(features)
        return Bernoulli(logits=self.head(features))


# %% [markdown]
# Is this the library's `armod.PixelCNN`? We give both the same weights. (The library does not store the rows below the
# centre, which every mask hides; so we copy into the part that counts.)

# %%
reference = armod.PixelCNN((1, 8, 8), 8, 3, likelihood=bernoulli, seed=seed)
mine = MyPixelCNN((1, 8, 8), 8, 3)
for my_weight, its_weight in zip(mine.parameters(), reference.parameters(), strict=True):
    my_weight.data[tuple(slice(size) for size in its_weight.shape)] = its_weight.data
x = torch.randint(2, (50, 1, 8, 8))
assert torch.allclose(mine.log_prob(x), reference.log_prob(x), atol=1e-4)

# %% [markdown]
# **Proof.** On an image of 3×3 pixels we can enumerate all 512 observations: their probabilities add up to 1. The oracle
# finds no leak. And the library's fast sampler, which computes every feature once, draws the same images as the textbook
# loop, which runs the whole network again for each pixel.

# %%
tiny = MyPixelCNN((1, 3, 3), 8, 2)
total, report = armod.total_probability(tiny), armod.check_autoregressive(tiny)
print(f"total probability {total:.6f}\n{report}")
assert abs(total - 1) < 1e-5 and report.is_autoregressive

fast, slow = (
    reference.double().sample(20, generator=torch.Generator().manual_seed(seed), method=method)
    for method in ("cached", "naive")
)
assert torch.equal(fast, slow)

# %% [markdown]
# Nothing leaks, yet the report counts *blind* pairs: pixels that come earlier, that lie near enough, and that are not
# seen. A MADE had none of those. Where do they come from?

# %% [markdown]
# ## 4. The field lab
#
# The lab shows what one pixel sees through a stack of masked layers. A pixel is *out of reach* if it lies further away
# than all kernels together span, and in the **blind spot** if it is near enough, comes earlier, and is not seen all the
# same. Everything in it was measured by the oracle, pixel by pixel, for sixty stacks. Click a pixel or walk there with
# the arrow keys. Predict before you turn:
#
# 1. Add layers, from 2 to 6. Does the hatched region, the blind spot, shrink?
# 2. Take a larger kernel. What happens to the slope of its edge?
# 3. Walk to the right margin of the image. What becomes of the blind spot?
# 4. Set *First mask* to B. What does the pixel see now that it must not?

# %% tags=["nbval-ignore-output"]
field_lab("plain", "A", kernel_size=3, depth=5)

# %% [markdown]
# More layers make the blind spot *grow*: the field reaches further, and so does the part of it that stays dark. A larger
# kernel makes its edge flatter. Near the right margin it is cut off, and at the margin there is no room for it.
# And with mask B first the pixel sees itself, a leak; section 6 trains that network. (The stack named *gated* belongs to
# lesson 4.5.4, which removes the blind spot.)

# %% [markdown]
# ## 5. The blind spot, derived and measured
#
# Why is a part of the past on no path? Follow a path backwards from the pixel. A layer moves it to the right only if it
# moves it up by at least one row: beside the pixel, the mask keeps only the left. One layer moves it by at most
# $h = (k-1)/2$ columns. So whoever climbs $r$ rows gets at most $h\,r$ columns to the right. The half square that $L$
# layers span reaches $hL$ columns to the right. In row $r$ above the pixel that leaves $hL - hr$ pixels dark, and over
# all rows
#
# $$\sum_{r=1}^{L-1} h\,(L - r) = \frac{h\,L\,(L-1)}{2}.$$
#
# For five layers of 3×3 that is 10, the number in the lab. We let the oracle measure all other stacks that have room in
# its image, for a pixel in the middle of the last row.

# %%
measured = {
    (k, depth): FieldFacts("plain", "A", k, depth, row=12, column=6)
    for k, depth in product((3, 5), range(2, 7))
    if depth * (k // 2) <= 6
}
for (k, depth), facts in measured.items():
    assert facts.counts["blind"] == k // 2 * depth * (depth - 1) // 2
now = armod.dependency_matrix(small_stack("plain", "A", 3, 5)).view(13, 13, 13, 13)[12, 6]
assert torch.equal(now, torch.from_numpy(measured[3, 5].kinds == "seen"))

depths = torch.arange(1, 13)
formula = {f"kernel {k}×{k}": k // 2 * depths * (depths - 1) // 2 for k in (3, 5)}
points = {
    f"kernel {k}×{k}": [(d, facts.counts["blind"]) for (size, d), facts in measured.items() if size == k]
    for k in (3, 5)
}
curves(
    depths, formula, marks=points, xlabel="masked layers", ylabel="pixels in the blind spot",
    title="The blind spot grows with the square of the depth; the points are the oracle's",
)  # fmt: skip

# %% [markdown]
# The yellow points, which the oracle measured, lie on the lines of the formula. The whole half square holds
# $2hL(hL+1)$ pixels, so the blind *share* of it tends to $1/(4h)$: a quarter for 3×3 filters, an eighth for 5×5. Depth
# cannot mend this. A pixel one row up and two columns to the right is invisible to 3×3 filters however many there are.
#
# ### What does that cost?
#
# We make images in which every pixel repeats one pixel of the row above: either its neighbour one column to the right,
# or the one two columns to the right. What has no such pixel is a fair coin. Images are 8×8, so in the first kind 15
# pixels are coins, in the second 22. All others can be predicted without error by whoever sees the right place.
#
# **Predict:** how many bits will a PixelCNN need for each kind? Will twice as many layers help?


# %%
def repeating(columns, count):
    images = torch.randint(2, (count, 1, 8, 8), generator=torch.Generator().manual_seed(seed))
    for row in range(1, 8):
        images[:, 0, row, :-columns] = images[:, 0, row - 1, columns:]
    return images


bits = {}
for columns, num_blocks in ((1, 3), (2, 3), (2, 7)):
    model = armod.PixelCNN((1, 8, 8), 8, num_blocks, likelihood=bernoulli, seed=seed)
    images = repeating(columns, 1500 if quick else 2500)
    armod.fit(model, images[500:], epochs=6, learning_rate=5e-3, seed=seed)
    bits[columns, num_blocks + 1] = 64 * armod.evaluate(model, images[:500]).bits_per_dim
for (columns, depth), value in bits.items():
    print(f"{columns} to the right, {depth} layers: {value:.1f} bits, {8 + 7 * columns} are coins")
assert bits[1, 4] < 18 and min(bits[2, 4], bits[2, 8]) > 63

# %% [markdown]
# One column to the right: the network finds the rule, and pays for the coins alone. Two columns to the right: it pays 64
# bits, as if every pixel were a coin, with four layers and with eight. No training can help, because the answer is on no
# path. In photographs and digits a pixel in the blind spot can often be guessed from those around it, so the cost is
# smaller. Lesson 4.5.4 measures it on digits.

# %% [markdown]
# ## 6. Break it: mask B first
#
# One letter is wrong: the first layer gets mask B. We train the right network and the wrong one on the 8×8 digits.
#
# To sample, we write the textbook loop by hand. It starts from a page, and draws one pixel after another in place. A
# right network never looks at what has not been drawn, so the page that we start from cannot matter.
#
# **Predict:** which loss is lower? And what will the wrong network draw, once on a blank page, once on a page of noise?


# %%
def draw(network, page):
    page, noise = page.clone(), torch.Generator().manual_seed(seed)
    for row, column in product(range(8), range(8)):
        chance = network.conditionals(page).probs[:, 0, row, column]
        page[:, 0, row, column] = torch.bernoulli(chance, generator=noise)
    return page


small = armod.data.load("digits8").binarize()
pages = {"blank": torch.zeros(10, 1, 8, 8), "noise": torch.randint(2, (10, 1, 8, 8)).float()}
loss, drawn = {}, {}
for first in "AB":
    network = MyPixelCNN(small.event_shape, 8, 3, first=first)
    armod.fit(network, small.train, epochs=8 if quick else 20, learning_rate=1e-2, seed=seed)
    loss[first] = armod.evaluate(network, small).nats
    with torch.no_grad():
        drawn |= {f"{first} first, on {name}": draw(network, page) for name, page in pages.items()}
report = armod.check_autoregressive(network)
print(f"mask A first: {loss['A']:.1f} nats; mask B first: {loss['B']:.2f} nats per digit")
print(report)
assert loss["B"] < 1 < loss["A"] / 10 and report.leaks == {(pixel, pixel) for pixel in range(64)}
assert torch.equal(drawn["A first, on blank"], drawn["A first, on noise"])
assert all((drawn[f"B first, on {name}"] == page).float().mean() > 0.97 for name, page in pages.items())

rows = {"page of noise": pages["noise"], **drawn}
image_grid(
    torch.stack([*rows.values()]), title="Mask B first returns the page it is given", row_labels=[*rows]
)

# %% [markdown]
# The wrong network's loss is all but 0, and its samples are whatever was on the page: nothing on a blank page, noise on
# a page of noise. It has learned a single thing, to copy the pixel in its centre. While it trained, the answer was
# there. While it draws, there is none yet.
#
# The right network draws the same digits on both pages, pixel for pixel, as the cell asserts. The oracle's sentence
# names the fault without any training: 64 leaks, each pixel sees itself.

# %% [markdown]
# ## 7. Real digits
#
# Back to 28×28. A small PixelCNN, five layers of 3×3 as in the lab, learns before your eyes.
#
# **Predict:** it has about 250 times fewer weights than the MADE of lesson 4.5.1. Will it be worse?

# %%
small_model = armod.PixelCNN(digits.event_shape, 8, 4, likelihood=bernoulli, seed=seed)
armod.fit(
    small_model, digits, epochs=1 if quick else 3, batch_size=50,
    learning_rate=5e-3, learning_rate_decay=0.6, average=0.98, seed=seed,
)  # fmt: skip
ours = armod.evaluate(small_model, digits, seed=seed)
print(f"{sum(weight.numel() for weight in small_model.parameters()):,} weights\n{ours}")
assert ours.nats < (115 if quick else 97)

# %% [markdown]
# Better than MADE's 97 nats, after some seconds of training. The weights that ship with the course are those of a
# larger one, with eight layers, trained for longer. We set it beside what we have: fair coins, independent pixels (each
# black as often as in the training digits), the MADE, and a GRU (lesson 4.4) that reads pixel after pixel.

# %%
trained = armod.load_pretrained("pixelcnn-digits28")
receipt = armod.evaluate(trained, digits, seed=0)
print(receipt)
assert round(receipt.nats) == 77 and round(receipt.bits_per_dim, 2) == 0.14
marginal = (digits.train.float().mean(0) * len(digits.train) + 0.5) / (len(digits.train) + 1)
independent = -Bernoulli(marginal).log_prob(digits.test.float()).flatten(1).sum(1).mean().item()
nats = {"fair coins": 784 * math.log(2), "independent pixels": independent}
nats["MADE, 785,284 weights"] = armod.pretrained.receipt("made-digits28").nats
nats["GRU, 131,425 weights"] = armod.pretrained.receipt("recurrent-digits28").nats
nats["PixelCNN, 19,681 weights"] = receipt.nats
print(
    "bits per pixel:",
    *(f"{value / 784 / math.log(2):.2f} {name}" for name, value in nats.items()),
    sep="\n  ",
)
assert [round(value) for value in nats.values()] == [543, 207, 97, 84, 77]
title = "PixelCNN needs the fewest nats, with a fortieth of MADE's weights"
likelihood_bars(nats, unit="nats per digit", title=title)

# %% [markdown]
# PixelCNN needs 77 nats for a digit where MADE needs 97. In bits per pixel that is 0.14 against 0.18, and 1 for a fair
# coin. It does so with a fortieth of the weights. MADE may look at *every* earlier pixel. PixelCNN looks at a few rows,
# and still wins, because each of its weights learns from all places of all digits at once. (Published numbers for MNIST
# use more data and other pixels, made binary at random. They cannot be compared with these.)
#
# Now samples. We draw by the fast way, and put MADE's beside them.

# %%
made = armod.load_pretrained("made-digits28")
noise = torch.Generator().manual_seed(seed)
drawn = [model.double().sample(12, generator=noise) for model in (made, trained)]
sizes = [sum(weight.numel() for weight in model.parameters()) for model in (made, trained)]
assert sizes == [785_284, 19_681]
pictures = torch.stack([digits.test[:12].long(), *drawn])
title = "PixelCNN's strokes are clean, but most of its figures run off the page"
image_grid(pictures, title=title, row_labels=["real", "MADE", "PixelCNN"])

# %% [markdown]
# Look at single strokes first. PixelCNN's are smooth and of even width, almost without MADE's stray specks. Then look
# at whole figures. Few are digits: one plausible bend leads to another, and most run into the lower margin, which real
# digits rarely do. How can a model with a far better likelihood draw figures that MADE would not draw? Keep that in mind
# for section 9.

# %% [markdown]
# ## 8. Completing a digit: which half may be given?
#
# As in lesson 4.5.1 we keep some pixels and draw the others. In raster order the upper half comes first, so what is
# drawn below it is an exact draw from the model's $p(\text{lower} \mid \text{upper})$. We also give the left half, and
# the lower half.
#
# **Predict:** the left half is known in every row. Is that draw exact?

# %%
rows, places = torch.arange(28)[:, None], torch.arange(28)[None, :]
halves = {
    "upper": (rows < 14).expand(28, 28),
    "left": (places < 14).expand(28, 28),
    "lower": (rows >= 14).expand(28, 28),
}
given = digits.test[10:90].long()
other = given.roll(1, 0)  # for each digit, another one


def complete(known, half):
    mask, noise = halves[half][None], torch.Generator().manual_seed(seed)
    return trained.sample(len(known), known=known, mask=mask, generator=noise)


completed = {half: complete(given, half) for half in halves}
pictures = torch.stack([given, *completed.values()])[:, ::11]
known = torch.stack([torch.zeros(28, 28, dtype=torch.bool), *halves.values()])[:, None, None]
image_grid(
    pictures, title="Given the upper half it goes on; given the lower half it draws blindly",
    row_labels=["real digit", *(f"{half} half given" for half in halves)], known=known.expand(pictures.shape),
)  # fmt: skip

# %% [markdown]
# In the second row the strokes go on below the blue half, though not always to a digit. In the last row the drawn upper
# half ignores what is given: it was drawn before the model looked at any lower pixel, and the lower half was pasted in.
# The left half lies between them, and its draw is not exact. A pixel on the right sees the given pixels of its own row
# and of the rows above. It does not see those of the rows below, which come later in the raster, though they are known.
#
# **Proof.** We exchange given pixels that come later for those of another digit, and keep the random numbers. Nothing
# that is drawn before them may change.

# %%
exchanged = torch.where(halves["lower"], other, given)
assert torch.equal(complete(other, "lower")[:, :, :14], completed["lower"][:, :, :14])
assert torch.equal(complete(exchanged, "left")[:, :, :14], completed["left"][:, :, :14])
by_column = armod.PixelCNN((1, 4, 4), 4, 1, likelihood=bernoulli, ordering=armod.orderings.column((1, 4, 4)))
assert armod.check_autoregressive(by_column).is_autoregressive
assert sorted(by_column.ordering[:8].tolist()) == [0, 1, 4, 5, 8, 9, 12, 13]  # the left half comes first

# %% [markdown]
# The two first assertions say it for 80 digits: whatever the given pixels further down are, the upper rows come out
# the same, with a lower half as with a left half. So give a raster model what comes first. If you need the left half,
# train one that goes by columns; the last lines check that the library's can. The masks are the same, the image is
# turned.

# %% [markdown]
# ## 9. What this model cannot know
#
# The chain rule conditions each pixel on *all* earlier ones. Our network answers with less: eight layers of 3×3 see
# eight rows up, and from that the blind spot is taken away. It is an exact likelihood of a model that forgets.
#
# **Predict:** of the 574 pixels before row 21, column 15, how many does the trained network look at?

# %%
places = [(5, 5), (13, 22), (20, 14), (27, 3)]
fields = torch.stack([trained.receptive_field(*place)[0] for place in places])
index = torch.tensor([row * 28 + column for row, column in places])
earlier = torch.arange(784).view(28, 28) < index[:, None, None]
labels = [f"{int(field.sum())} of\n{int(past.sum())}" for field, past in zip(fields, earlier, strict=True)]
assert labels[2] == "116 of\n574" and not (fields & ~earlier).any()
title = "Black is seen, grey is earlier and never looked at"
image_grid((earlier.int() + fields)[None], 3, title=title, column_labels=labels)

# %% [markdown]
# It looks at 116 of 574, a fifth (the third picture). The black fields have the shape that you
# know from the lab, cut where the image ends.
#
# **Proof.** We replace the ten upper rows of each of the 80 digits by those of another digit. To the rows from the 19th on,
# more than eight rows further down, this makes no difference at all. To MADE it does. The last lines count the drawn
# digits that run into the lower margin.

# %%
both = given, torch.where(rows < 10, other, given)
for name, model in (("PixelCNN", trained), ("MADE", made)):
    own, new = (-model.conditionals(x).log_prob(x.double())[:, :, 18:].sum() / len(x) for x in both)
    print(f"{name}: rows 19 to 28 cost {own:.1f} nats below their own top, {new:.1f} nats below another")
    assert abs(new - own) < 1e-9 if name == "PixelCNN" else new > own + 10
touching = [x[:, 0, 27].any(1).double().mean() for x in (digits.train, trained.sample(200, generator=noise))]
print(f"the last row is reached by {touching[0]:.0%} of real digits, {touching[1]:.0%} of 200 drawn ones")
assert touching[0] < 0.02 and touching[1] > 0.6

# %% [markdown]
# Whether the top of the figure was a 3 or a 7, this PixelCNN draws its foot alike. And most of its digits reach the last
# row, where of the real ones about one in a hundred does. The reason is the same. Every layer is the same in all places,
# so the network knows where it is only from a margin within its field. The lower margin is in no field, for it comes later.
# And more than eight rows below the top, an empty field after a digit looks like one before it, and a new stroke may begin.
#
# So why is its likelihood so good? Because a real digit is scored one pixel at a time, always with a *real* past, and
# there eight rows say much about the next pixel. Only a sample has to live with its own past. More layers widen the
# field, larger kernels or down-sampling do it sooner, and the blind spot asks for another remedy. That is the next lesson.

# %% [markdown]
# ## Summary
#
# - In raster order a convolution may keep the rows above and the left; A hides the centre, B shows features in it.
# - A in the first layer and B in all later ones make a distribution; B in the first one makes a copying machine.
# - The plain stack is blind to $hL(L-1)/2$ pixels up and to the right, and depth makes it more, not less.
# - With a fortieth of MADE's weights PixelCNN needs 77 nats for a digit, because it learns one filter for all places.
# - It knows what its field shows, no more: a good likelihood pixel by pixel, and samples that run off the page.

# %% tags=["nbval-ignore-output"]
lesson_quiz("4_5_3_pixelcnn")

# %% [markdown]
# ## Exercises
#
# [Your own copy of the exercises](my_exercises/4_5_3_pixelcnn.ipynb) opens in JupyterLab. You write masks A and B with
# channels, measure a blind spot, and find a 1×1 layer that hides too much; each answer is checked as soon as you run it.
#
# ## Further reading
#
# - A. van den Oord, N. Kalchbrenner, K. Kavukcuoglu, *Pixel Recurrent Neural Networks*, ICML 2016: section 3.4 for the
#   masks, 3.5 for PixelCNN, figure 2 for both.
# - A. van den Oord et al., *Conditional Image Generation with PixelCNN Decoders*, NeurIPS 2016: section 2.2 for the blind
#   spot, and how two stacks remove it.
# - Lesson 4.5.1 for the oracle and for likelihood receipts.
