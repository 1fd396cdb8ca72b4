"""Wrong answers to the exercises of lesson 4.5.1."""

from tests.course.exercises.mutants import Mutant


def _degrees(title: str, says: str, layer: str) -> Mutant:
    """``layer`` is drawn from ``lowest``, the smallest degree below, to ``highest``."""
    source = f"""
def my_degrees(num_variables, hidden_sizes, seed):
    generator = torch.Generator().manual_seed(seed)
    lowest, highest, layers = min(1, num_variables - 1), num_variables - 1, []
    for size in hidden_sizes:
        layers.append({layer})
        lowest = int(layers[-1].min())
    return layers
"""
    return Mutant("made-degrees", title, says=says, source=source)


def _masks(title: str, says: str, value: str) -> Mutant:
    """``value`` is made of the right masks and the degrees."""
    source = f"""
_right = my_masks
def my_masks(ordering, degrees):
    masks, place = _right(ordering, degrees), torch.argsort(ordering) + 1
    return {value}
"""
    return Mutant("made-masks", title, says=says, source=source)


def _linear(title: str, says: str, forward: str) -> Mutant:
    source = f"""
class MendedLinear(PublishedLinear):
    def forward(self, x, mask):
        {forward}
"""
    return Mutant("made-switching", title, says=says, source=source)


def _ensemble(title: str, says: str, value: str) -> Mutant:
    source = f"def ensemble_log_prob(logits, x): return {value}"
    return Mutant("made-ensemble", title, says=says, source=source)


def _sample(title: str, says: str, value: str) -> Mutant:
    """``value`` is made of the right samples."""
    source = f"_right = my_sample\ndef my_sample(model, noise): return {value}"
    return Mutant("made-sampling", title, says=says, source=source)


def _exact(title: str, says: str, value: str) -> Mutant:
    source = f"def completion_is_exact(ordering, mask): return {value}"
    return Mutant("made-completion", title, says=says, source=source)


def _mixture(title: str, says: str, weights: str) -> Mutant:
    """``weights`` of the members, from what the bits ``before`` each are worth; ``seen`` are those of each bit."""
    source = f"""
def mixture_probs(logits, x, ordering):
    seen = Bernoulli(logits=logits).log_prob(x)[:, :, ordering]
    before = seen.cumsum(2) - seen
    return (({weights})[:, :, torch.argsort(ordering)] * logits.sigmoid()).sum(0)
"""
    return Mutant("made-mixture", title, says=says, source=source)


def _train(title: str, says: str, *, loss: str = "-model.log_prob(x).mean()", steps: str = "num_steps", zero: str = "optimizer.zero_grad()",
           digits: str = "train_digits", receipt: str = "-model.log_prob(test_digits).mean().item()", rate: float = 0.01) -> Mutant:  # fmt: skip
    source = f"""
def train(model, train_digits, test_digits, num_steps):
    optimizer = torch.optim.Adam(model.parameters(), lr={rate})
    digits = {digits}
    for _ in range({steps}):
        x = digits[torch.randint(len(digits), (100,))]
        loss = {loss}
        {zero}
        loss.backward()
        optimizer.step()
    return {receipt}
"""
    return Mutant("made-training", title, says=says, source=source)


MUTANTS = [
    Mutant("made-counts", "one weight too few", "outputs may use it", "weights_kept = [weights_kept[0], weights_kept[1] - 1]"),
    Mutant("made-counts", "one weight too many", "inputs may it see", "weights_kept = [weights_kept[0] + 1, weights_kept[1]]"),
    Mutant("made-counts", "inputs of nobody", "Which hidden units may it use", "inputs_seen = [0] * 7"),
    Mutant("made-counts", "a bottleneck", "does not occur", "fewest_units = 1"),
    Mutant("made-counts", "too many units", "which degree occurs twice", "fewest_units = 8"),
    _degrees("degrees from 0", "has a unit of degree 0", "torch.randint(0, highest + 1, (size,), generator=generator)"),
    _degrees("degrees up to D", "strictly beyond that unit", "torch.randint(lowest, highest + 2, (size,), generator=generator)"),
    _degrees("minimum of the layer below ignored", "the degrees in the layer under it", "torch.randint(min(1, highest), highest + 1, (size,), generator=generator)"),
    _degrees("upper end of randint taken as included", "are both of its ends in it", "torch.randint(lowest, max(highest, lowest + 1), (size,), generator=generator)"),
    _degrees("drawn from 0 to D, then clamped", "move numbers after you have drawn them", "torch.randint(0, highest + 2, (size,), generator=generator).clamp(lowest, highest)"),
    _degrees("the global generator", "two different answers", "torch.randint(lowest, highest + 1, (size,))"),
    _degrees("the seed is not used", "Where does the seed go in", "torch.randint(lowest, highest + 1, (size,), generator=generator.manual_seed(0))"),
    _degrees("the global generator, seeded", "gets other random numbers", "torch.randint(lowest, highest + 1, (size,), generator=torch.manual_seed(seed + len(layers)))"),
    _degrees("a new generator for each layer", "How often do you make a generator", "torch.randint(lowest, highest + 1, (size,), generator=torch.Generator().manual_seed(seed))"),
    _degrees("one variable forgotten", "RuntimeError", "torch.randint(max(lowest, 1), highest + 1, (size,), generator=generator)"),
    _degrees("one variable that looks at itself", "whom could it tell", "torch.randint(max(lowest, 1), max(highest, 1) + 1, (size,), generator=generator)"),
    _masks("hidden masks only (the output mask that the module's text forgets)", "the outputs' included", "masks[:-1]"),
    _masks("transposed, as in codes that compute x @ W", "one row for each unit below", "[mask.T for mask in masks]"),
    _masks("weights, not ones", "nothing but 0 and 1", "[2 * mask for mask in masks]"),
    _masks("output degrees off by one", "does not see variable", "[*masks[:-1], place[:, None] > degrees[-1] + 1]"),
    _masks("output mask upside down", "which comparison of two degrees is wrong", "[*masks[:-1], ~masks[-1]]"),
    Mutant("made-leaks", "one leak too many", "to which outputs must it not go", "leaks_without += 1"),
    Mutant("made-leaks", "one leak too few", "Which j, m and d do both", "leaks_published -= 1"),
    Mutant("made-leaks", "output mask >= (e-hulten/made)", "still the published likelihood", "mended_log_prob = published_log_prob"),
    Mutant("made-leaks", "no output mask (the module's text)", "without any output mask", "mended_log_prob = textbook_log_prob"),
    Mutant(
        "made-leaks",
        "output bias lost",
        says="biases and all allowed weights",
        source="_right = mended_log_prob\ndef mended_log_prob(x, weights, biases, degrees): return _right(x, weights, [biases[0], 0 * biases[1]], degrees)",
    ),
    Mutant(
        "made-leaks",
        "the caller's weights are masked for good (pytorch-generative)",
        says="has changed its argument `weights`",
        source="""
_right = mended_log_prob
def mended_log_prob(x, weights, biases, degrees):
    place = torch.arange(1, x.shape[1] + 1)
    weights[0].mul_(degrees[:, None] >= place)
    weights[1].mul_(place[:, None] > degrees)
    return _right(x, weights, biases, degrees)
""",
    ),
    Mutant(
        "made-leaks",
        "normalised over the batch",
        says="what else is in the batch",
        source="def mended_log_prob(*case): return published_log_prob(*case).log_softmax(0)",
    ),
    Mutant("made-switching", "what one mask keeps and the other does not", "after the first pass", "weights_left = int((first_mask & ~second_mask).sum())"),
    Mutant("made-switching", "weight.data *= mask (pytorch-generative)", "What is left from the earlier pass", "MendedLinear = PublishedLinear"),
    _linear(
        "weights put back after the pass",
        "an optimizer would change it",
        "kept = self.weight.data.clone(); self.weight.data *= mask; result = F.linear(x, self.weight, self.bias); self.weight.data = kept; return result",
    ),
    _linear("detached from autograd", "would never learn", "return F.linear(x, self.weight.data * mask, self.bias)"),
    _linear(
        "the first mask remembered",
        "used the first mask again",
        "self.mask = getattr(self, 'mask', mask); return F.linear(x, self.weight * self.mask, self.bias)",
    ),
    _linear("no mask", "the unmasked weights", "return F.linear(x, self.weight, self.bias)"),
    _linear("True taken for removed", "exactly the weights that it must not use", "return F.linear(x, self.weight * ~mask, self.bias)"),
    _linear("bias lost", "but for the bias", "return F.linear(x, self.weight * mask)"),
    _linear("twice the bias", "is due for each unit", "return F.linear(x, self.weight * mask, 2 * self.bias)"),
    _linear(
        "weights masked in place, but restored from a copy made at first",
        "Which line of `forward` writes",
        "self.copy = getattr(self, 'copy', self.weight.data.clone()); self.weight.data = self.copy * mask; return F.linear(x, self.weight, self.bias)",
    ),
    Mutant("made-ensemble", "the total of a single member", "how do you get from there to probabilities", "mass = 0.5"),
    Mutant("made-ensemble", "averaged logits (karpathy/pytorch-made)", "still the averaged logits", "ensemble_log_prob = averaged_log_prob"),
    _ensemble("exp, mean, log", "Stay with logarithms", "Bernoulli(logits=logits).log_prob(x).sum(2).exp().mean(0).log()"),
    _ensemble("normalised over the batch", "what else is in the batch", "averaged_log_prob(logits, x).log_softmax(0)"),
    _ensemble("mean over the bits", "one bit, or the whole x", "Bernoulli(logits=logits).log_prob(x).mean(2).logsumexp(0) - math.log(len(logits))"),
    _sample("probabilities returned", "holds numbers that are not whole", "model.conditionals(_right(model, noise)).probs.detach()"),
    _sample("levels from 1", "bits are 0 or 1", "_right(model, noise) + 1"),
    _sample("flat, whatever the event shape", "has the shape (60, 4)", "_right(model, noise).flatten(1)"),
    _sample("chance of its own", "All chance is in `noise`", "model.sample(len(noise))"),
    _sample("the other bit", "What did `x` hold at that moment", "1 - _right(model, noise)"),
    Mutant(
        "made-completion",
        "only the first known pixels kept",
        says="what must be in `x` before the next pass",
        source="""
_right = my_completion
def my_completion(model, known, mask, noise):
    in_order = mask.flatten()[model.ordering]
    first = torch.empty_like(in_order)
    first[model.ordering] = in_order.int().cumprod(0).bool()
    return _right(model, known, first.view(mask.shape), noise)
""",
    ),
    _exact("exact if the known come last", "has the model looked at variable", "bool((mask[ordering].int().diff() >= 0).all())"),
    _exact("always exact", "has the model looked at variable", "True"),
    _exact("exact only if something is known", "this is plain sampling", "bool(mask[ordering[0]] and (mask[ordering].int().diff() <= 0).all())"),
    _exact("exact only if something is drawn", "and nothing is drawn", "bool(not mask.all() and (mask[ordering].int().diff() <= 0).all())"),
    _exact("a word for each variable", "one word is due", "mask[ordering].int().diff() <= 0"),
    _mixture("weights multiplied as probabilities", "How small is the product", "before.exp() / before.exp().sum(0)"),
    _mixture("weights not normalised", "add up to 1", "before.exp()"),
    _mixture("weighed by the bit just before only", "had a say in the members' weights", "F.pad(seen, (1, -1)).softmax(0)"),
    Mutant("made-mixture", "logits returned", "Are these logits", "_right = mixture_probs\ndef mixture_probs(*case): return _right(*case).logit()"),
    _train("the log-likelihood for its negative", "states its negative", receipt="model.log_prob(test_digits).mean().item()"),
    _train("bits for nats", "is the number in bits", receipt="-model.log_prob(test_digits).mean().item() / math.log(2)"),
    _train("nats per pixel", "a mean over the pixels", receipt="-model.log_prob(test_digits).mean().item() / 64"),
    _train("the sum over the test digits", "the mean over them is due", receipt="-model.log_prob(test_digits).sum().item()"),
    _train("the receipt of the training digits", "digits it has learnt from", receipt="-model.log_prob(train_digits).mean().item()"),
    _train("a receipt that was typed in", "computed after the last step", receipt="12.3"),
    _train("the wrong sign", "Which sign does your loss have", loss="model.log_prob(x).mean()"),
    _train("gradients that add up", "set to zero in each step", zero="pass"),
    _train("steps of the usual length", "how long are the steps", rate=1e-3),
    _train("ten times the budget", "Who counts the steps", steps="10 * num_steps + 10"),
    _train("trained on the test digits as well", "Which digits do your steps see", digits="torch.cat([train_digits, test_digits])"),
    Mutant(
        "made-training",
        "another model is trained",
        says="have not changed at all",
        source="""
_right = train
def train(model, *rest):
    import copy
    return _right(copy.deepcopy(model), *rest)
""",
    ),
]  # fmt: skip
