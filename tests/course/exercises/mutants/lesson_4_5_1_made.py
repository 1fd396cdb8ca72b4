"""Wrong answers to the exercises of lesson 4.5.1."""

from tests.course.exercises.mutants import Mutant


def _masks(title: str, says: str, value: str) -> Mutant:
    """``value`` is made of the right masks, the ordering and the degrees."""
    source = f"""
_right = my_masks
def my_masks(ordering, degrees):
    masks, place = _right(ordering, degrees), torch.argsort(ordering) + 1
    return {value}
"""
    return Mutant("made-masks", title, says=says, source=source)


MUTANTS = [
    Mutant("made-counts", "one weight too few", "outputs may use it", "weights_kept[1] -= 1"),
    Mutant("made-counts", "one weight too many", "inputs may it see", "weights_kept[0] += 1"),
    Mutant("made-counts", "inputs of nobody", "Which hidden units may it use", "inputs_seen = [0] * 6"),
    Mutant("made-counts", "a bottleneck", "does not occur", "fewest_units = 1"),
    Mutant("made-counts", "too many units", "which of those twice", "fewest_units = 7"),
    _masks("hidden masks only (the output mask that the module's text forgets)", "the outputs' included", "masks[:-1]"),
    _masks("transposed, as in codes that compute x @ W", "one row for each unit below", "[mask.T for mask in masks]"),
    _masks("weights, not ones", "nothing but 0 and 1", "[2 * mask for mask in masks]"),
    _masks("> in every layer", "removes the weight", "[*(above[:, None] > below for below, above in pairwise([place, *degrees])), masks[-1]]"),
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
        "normalised over the batch",
        says="what else is in the batch",
        source="def mended_log_prob(*case): return published_log_prob(*case).log_softmax(0)",
    ),
    Mutant(
        "made-degrees",
        "degrees from 0",
        says="has a unit of degree 0",
        source="""
def my_degrees(num_variables, hidden_sizes, seed):
    generator = torch.Generator().manual_seed(seed)
    return [torch.randint(0, num_variables, (size,), generator=generator) for size in hidden_sizes]
""",
    ),
    Mutant(
        "made-degrees",
        "degrees up to D",
        says="strictly beyond that unit",
        source="""
def my_degrees(num_variables, hidden_sizes, seed):
    generator = torch.Generator().manual_seed(seed)
    lowest, layers = 1, []
    for size in hidden_sizes:
        layers.append(torch.randint(lowest, num_variables + 1, (size,), generator=generator))
        lowest = int(layers[-1].min())
    return layers
""",
    ),
    Mutant(
        "made-degrees",
        "minimum of the layer below ignored",
        says="the degrees in the layer under it",
        source="""
def my_degrees(num_variables, hidden_sizes, seed):
    generator = torch.Generator().manual_seed(seed)
    return [torch.randint(min(1, num_variables - 1), num_variables, (size,), generator=generator) for size in hidden_sizes]
""",
    ),
    Mutant(
        "made-degrees",
        "upper end of randint taken as included",
        says="are both of its ends in it",
        source="""
def my_degrees(num_variables, hidden_sizes, seed):
    generator = torch.Generator().manual_seed(seed)
    lowest, layers = min(1, num_variables - 1), []
    for size in hidden_sizes:
        layers.append(torch.randint(lowest, max(num_variables - 1, lowest + 1), (size,), generator=generator))
        lowest = int(layers[-1].min())
    return layers
""",
    ),
    Mutant(
        "made-degrees",
        "drawn from 0 to D, then clamped",
        says="move numbers after you have drawn them",
        source="""
def my_degrees(num_variables, hidden_sizes, seed):
    generator = torch.Generator().manual_seed(seed)
    lowest, layers = min(1, num_variables - 1), []
    for size in hidden_sizes:
        drawn = torch.randint(0, num_variables + 1, (size,), generator=generator)
        layers.append(drawn.clamp(lowest, num_variables - 1))
        lowest = int(layers[-1].min())
    return layers
""",
    ),
    Mutant(
        "made-degrees",
        "the global generator",
        says="two different answers",
        source="""
def my_degrees(num_variables, hidden_sizes, seed):
    return [torch.randint(min(1, num_variables - 1), num_variables, (size,)) for size in hidden_sizes]
""",
    ),
    Mutant(
        "made-degrees",
        "the seed is not used",
        says="Where does the seed go in",
        source="""
_right = my_degrees
def my_degrees(num_variables, hidden_sizes, seed):
    return _right(num_variables, hidden_sizes, 0)
""",
    ),
    Mutant(
        "made-degrees",
        "one variable forgotten",
        says="RuntimeError",
        source="""
def my_degrees(num_variables, hidden_sizes, seed):
    generator = torch.Generator().manual_seed(seed)
    lowest, layers = 1, []
    for size in hidden_sizes:
        layers.append(torch.randint(lowest, num_variables, (size,), generator=generator))
        lowest = int(layers[-1].min())
    return layers
""",
    ),
    Mutant(
        "made-degrees",
        "one variable that looks at itself",
        says="whom could it tell",
        source="""
_right = my_degrees
def my_degrees(num_variables, hidden_sizes, seed):
    return _right(max(num_variables, 2), hidden_sizes, seed)
""",
    ),
    Mutant(
        "made-switching",
        "what the second mask keeps",
        says="still there when it came",
        source="""
weights_left = int(second_mask.sum())
""",
    ),
    Mutant(
        "made-switching",
        "what is lost",
        says="is how many weights are lost",
        source="""
weights_left = 30 - weights_left
""",
    ),
    Mutant(
        "made-switching",
        "weight.data *= mask (pytorch-generative)",
        says="What is left from the earlier pass",
        source="""
MendedLinear = PublishedLinear
""",
    ),
    Mutant(
        "made-switching",
        "weights put back after the pass",
        says="an optimizer would change it",
        source="""
class MendedLinear(PublishedLinear):
    def forward(self, x, mask):
        kept = self.weight.data.clone()
        self.weight.data *= mask
        result = F.linear(x, self.weight, self.bias)
        self.weight.data = kept
        return result
""",
    ),
    Mutant(
        "made-switching",
        "detached from autograd",
        says="would never learn",
        source="""
class MendedLinear(PublishedLinear):
    def forward(self, x, mask):
        return F.linear(x, self.weight.data * mask, self.bias)
""",
    ),
    Mutant(
        "made-switching",
        "the first mask remembered",
        says="used the first mask again",
        source="""
class MendedLinear(PublishedLinear):
    def forward(self, x, mask):
        if not hasattr(self, "mask"):
            self.mask = mask
        return F.linear(x, self.weight * self.mask, self.bias)
""",
    ),
    Mutant(
        "made-switching",
        "True taken for removed",
        says="exactly the weights that it must not use",
        source="""
class MendedLinear(PublishedLinear):
    def forward(self, x, mask):
        return F.linear(x, self.weight * ~mask, self.bias)
""",
    ),
    Mutant(
        "made-switching",
        "bias lost",
        says="but for the bias",
        source="""
class MendedLinear(PublishedLinear):
    def forward(self, x, mask):
        return F.linear(x, self.weight * mask)
""",
    ),
    Mutant(
        "made-switching",
        "weights masked in place, but restored from a copy made at first",
        says="Which line of `forward` writes",
        source="""
class MendedLinear(PublishedLinear):
    def forward(self, x, mask):
        if not hasattr(self, "original"):
            self.original = self.weight.data.clone()
        self.weight.data = self.original * mask
        return F.linear(x, self.weight, self.bias)
""",
    ),
    Mutant(
        "made-ensemble",
        "believed to be 1",
        says="do not assume",
        source="""
mass = 1.0
""",
    ),
    Mutant(
        "made-ensemble",
        "mean for sum",
        says="mean of the 16 probabilities",
        source="""
mass = averaged_log_prob(member_logits, everything).exp().mean()
""",
    ),
    Mutant(
        "made-ensemble",
        "logarithms added up",
        says="sum of the logarithms",
        source="""
mass = averaged_log_prob(member_logits, everything).sum()
""",
    ),
    Mutant(
        "made-ensemble",
        "averaged logits (karpathy/pytorch-made)",
        says="still the averaged logits",
        source="""
ensemble_log_prob = averaged_log_prob
""",
    ),
    Mutant(
        "made-ensemble",
        "mean of log-probabilities",
        says="geometric mean",
        source="""
def ensemble_log_prob(logits, x):
    return Bernoulli(logits=logits).log_prob(x).sum(2).mean(0)
""",
    ),
    Mutant(
        "made-ensemble",
        "log M missing",
        says="How many distributions did you add up",
        source="""
def ensemble_log_prob(logits, x):
    return Bernoulli(logits=logits).log_prob(x).sum(2).logsumexp(0)
""",
    ),
    Mutant(
        "made-ensemble",
        "probabilities averaged pixel by pixel",
        says="pixel by pixel",
        source="""
def ensemble_log_prob(logits, x):
    return Bernoulli(probs=logits.sigmoid().mean(0)).log_prob(x).sum(1)
""",
    ),
    Mutant(
        "made-ensemble",
        "the best member for each x",
        says="counts probability twice",
        source="""
def ensemble_log_prob(logits, x):
    return Bernoulli(logits=logits).log_prob(x).sum(2).max(0).values
""",
    ),
    Mutant(
        "made-ensemble",
        "the first member alone",
        says="first member alone",
        source="""
def ensemble_log_prob(logits, x):
    return Bernoulli(logits=logits[0]).log_prob(x).sum(1)
""",
    ),
    Mutant(
        "made-ensemble",
        "probabilities returned",
        says="logarithms are due",
        source="""
def ensemble_log_prob(logits, x):
    return Bernoulli(logits=logits).log_prob(x).sum(2).exp().mean(0)
""",
    ),
    Mutant(
        "made-ensemble",
        "exp, mean, log",
        says="Stay with logarithms",
        source="""
def ensemble_log_prob(logits, x):
    return Bernoulli(logits=logits).log_prob(x).sum(2).exp().mean(0).log()
""",
    ),
    Mutant(
        "made-sampling",
        "raster order",
        says="draw the variables as 0, 1, 2",
        source="""
def my_sample(model, noise):
    x = torch.zeros(len(noise), *model.event_shape, dtype=noise.dtype)
    for k, d in enumerate(range(noise.shape[1])):
        p = model.conditionals(x).probs.flatten(1)[:, d].detach()
        x.flatten(1)[:, d] = (noise[:, k] >= 1 - p).to(x.dtype)
    return x
""",
    ),
    Mutant(
        "made-sampling",
        "inverse of the ordering",
        says="is the first variable `ordering[0]`",
        source="""
def my_sample(model, noise):
    x = torch.zeros(len(noise), *model.event_shape, dtype=noise.dtype)
    for k, d in enumerate(torch.argsort(model.ordering)):
        p = model.conditionals(x).probs.flatten(1)[:, d].detach()
        x.flatten(1)[:, d] = (noise[:, k] >= 1 - p).to(x.dtype)
    return x
""",
    ),
    Mutant(
        "made-sampling",
        "noise by variable, not by step",
        says="column k is for step k",
        source="""
def my_sample(model, noise):
    x = torch.zeros(len(noise), *model.event_shape, dtype=noise.dtype)
    for k, d in enumerate(model.ordering):
        p = model.conditionals(x).probs.flatten(1)[:, d].detach()
        x.flatten(1)[:, d] = (noise[:, d] >= 1 - p).to(x.dtype)
    return x
""",
    ),
    Mutant(
        "made-sampling",
        "a 1 where the noise is small",
        says="small noise gives the small level",
        source="""
def my_sample(model, noise):
    x = torch.zeros(len(noise), *model.event_shape, dtype=noise.dtype)
    for k, d in enumerate(model.ordering):
        p = model.conditionals(x).probs.flatten(1)[:, d].detach()
        x.flatten(1)[:, d] = (noise[:, k] < p).to(x.dtype)
    return x
""",
    ),
    Mutant(
        "made-sampling",
        "compared with the wrong probability",
        says="With which of the two probabilities",
        source="""
def my_sample(model, noise):
    x = torch.zeros(len(noise), *model.event_shape, dtype=noise.dtype)
    for k, d in enumerate(model.ordering):
        p = model.conditionals(x).probs.flatten(1)[:, d].detach()
        x.flatten(1)[:, d] = (noise[:, k] >= p).to(x.dtype)
    return x
""",
    ),
    Mutant(
        "made-sampling",
        "one pass for all",
        says="a pass over zeros",
        source="""
def my_sample(model, noise):
    x = torch.zeros(len(noise), *model.event_shape, dtype=noise.dtype)
    for k, d in enumerate(model.ordering):
        p = model.conditionals(torch.zeros_like(x)).probs.flatten(1)[:, d].detach()
        x.flatten(1)[:, d] = (noise[:, k] >= 1 - p).to(x.dtype)
    return x
""",
    ),
    Mutant(
        "made-sampling",
        "last variable forgotten",
        says="How many steps are there",
        source="""
def my_sample(model, noise):
    x = torch.zeros(len(noise), *model.event_shape, dtype=noise.dtype)
    for k, d in list(enumerate(model.ordering))[:-1]:
        p = model.conditionals(x).probs.flatten(1)[:, d].detach()
        x.flatten(1)[:, d] = (noise[:, k] >= 1 - p).to(x.dtype)
    return x
""",
    ),
    Mutant(
        "made-sampling",
        "the likelier bit instead of a draw",
        says="That is no draw",
        source="""
def my_sample(model, noise):
    x = torch.zeros(len(noise), *model.event_shape, dtype=noise.dtype)
    for k, d in enumerate(model.ordering):
        p = model.conditionals(x).probs.flatten(1)[:, d].detach()
        x.flatten(1)[:, d] = (p > 0.5).to(x.dtype)
    return x
""",
    ),
    Mutant(
        "made-sampling",
        "probabilities returned",
        says="holds numbers that are not whole",
        source="""
def my_sample(model, noise):
    x = torch.zeros(len(noise), *model.event_shape, dtype=noise.dtype)
    for k, d in enumerate(model.ordering):
        p = model.conditionals(x).probs.flatten(1)[:, d].detach()
        x.flatten(1)[:, d] = p
    return x
""",
    ),
    Mutant(
        "made-sampling",
        "flat, whatever the event shape",
        says="has the shape (5, 4)",
        source="""
_right = my_sample
def my_sample(model, noise):
    return _right(model, noise).flatten(1)
""",
    ),
    Mutant(
        "made-completion",
        "pasted in at the end",
        says="paste the known ones in at the end",
        source="""
def my_completion(model, known, mask, noise):
    return torch.where(mask, known, my_sample(model, noise))
""",
    ),
    Mutant(
        "made-completion",
        "known pixels drawn over",
        says="did anything overwrite it",
        source="""
def my_completion(model, known, mask, noise):
    return my_sample(model, noise)
""",
    ),
    Mutant(
        "made-completion",
        "mask inverted",
        says="what does True mean",
        source="""
def my_completion(model, known, mask, noise):
    x = torch.zeros(len(noise), *model.event_shape, dtype=noise.dtype)
    columns, known, mask = x.flatten(1), known.flatten(1).to(x.dtype), mask.flatten()
    used = 0
    with torch.no_grad():
        for k, d in enumerate(model.ordering):
            p = model.conditionals(x).probs.flatten(1)[:, d]
            columns[:, d] = known[:, d] if not mask[d] else (noise[:, k] >= 1 - p).to(x.dtype)
            used += int(not mask[d])
    return x
""",
    ),
    Mutant(
        "made-completion",
        "raster order",
        says="whatever the model's ordering is",
        source="""
def my_completion(model, known, mask, noise):
    x = torch.zeros(len(noise), *model.event_shape, dtype=noise.dtype)
    columns, known, mask = x.flatten(1), known.flatten(1).to(x.dtype), mask.flatten()
    used = 0
    with torch.no_grad():
        for k, d in enumerate(range(noise.shape[1])):
            p = model.conditionals(x).probs.flatten(1)[:, d]
            columns[:, d] = known[:, d] if mask[d] else (noise[:, k] >= 1 - p).to(x.dtype)
            used += int(not mask[d])
    return x
""",
    ),
    Mutant(
        "made-completion",
        "noise only for the drawn",
        says="even if an earlier step needed none",
        source="""
def my_completion(model, known, mask, noise):
    x = torch.zeros(len(noise), *model.event_shape, dtype=noise.dtype)
    columns, known, mask = x.flatten(1), known.flatten(1).to(x.dtype), mask.flatten()
    used = 0
    with torch.no_grad():
        for k, d in enumerate(model.ordering):
            p = model.conditionals(x).probs.flatten(1)[:, d]
            columns[:, d] = known[:, d] if mask[d] else (noise[:, used] >= 1 - p).to(x.dtype)
            used += int(not mask[d])
    return x
""",
    ),
    Mutant(
        "made-completion",
        "one pass for all",
        says="a pass over zeros",
        source="""
def my_completion(model, known, mask, noise):
    x = torch.zeros(len(noise), *model.event_shape, dtype=noise.dtype)
    columns, known, mask = x.flatten(1), known.flatten(1).to(x.dtype), mask.flatten()
    used = 0
    with torch.no_grad():
        for k, d in enumerate(model.ordering):
            p = model.conditionals(torch.zeros_like(x)).probs.flatten(1)[:, d]
            columns[:, d] = known[:, d] if mask[d] else (noise[:, k] >= 1 - p).to(x.dtype)
            used += int(not mask[d])
    return x
""",
    ),
    Mutant(
        "made-completion",
        "only the first known pixels kept",
        says="did anything overwrite it",
        source="""
def my_completion(model, known, mask, noise):
    x = torch.zeros(len(noise), *model.event_shape, dtype=noise.dtype)
    columns, known, mask = x.flatten(1), known.flatten(1).to(x.dtype), mask.flatten()
    used = 0
    with torch.no_grad():
        for k, d in enumerate(model.ordering):
            p = model.conditionals(x).probs.flatten(1)[:, d]
            columns[:, d] = known[:, d] if bool(mask[model.ordering[: k + 1]].all()) else (noise[:, k] >= 1 - p).to(x.dtype)
            used += int(not mask[d])
    return x
""",
    ),
    Mutant(
        "made-completion",
        "exact for whatever is upper, as in raster",
        says="which variable comes first here",
        source="""
def completion_is_exact(ordering, mask):
    return bool((mask.int().diff() <= 0).all())
""",
    ),
    Mutant(
        "made-completion",
        "inverse of the ordering in the predicate",
        says="the right way round",
        source="""
def completion_is_exact(ordering, mask):
    return bool((mask[torch.argsort(ordering)].int().diff() <= 0).all())
""",
    ),
    Mutant(
        "made-completion",
        "exact if the known come last",
        says="has the model looked at variable",
        source="""
def completion_is_exact(ordering, mask):
    return bool((mask[ordering].int().diff() >= 0).all())
""",
    ),
    Mutant(
        "made-completion",
        "always exact",
        says="has the model looked at variable",
        source="""
def completion_is_exact(ordering, mask):
    return True
""",
    ),
    Mutant(
        "made-completion",
        "exact only if something is known",
        says="this is plain sampling",
        source="""
def completion_is_exact(ordering, mask):
    return bool(mask[ordering[0]] and (mask[ordering].int().diff() <= 0).all())
""",
    ),
    Mutant(
        "made-mixture",
        "plain average",
        says="the same weight all the way",
        source="""
def mixture_probs(logits, x, ordering):
    return logits.sigmoid().mean(0)
""",
    ),
    Mutant(
        "made-mixture",
        "averaged logits (as in the lesson's last cell)",
        says="You average logits",
        source="""
def mixture_probs(logits, x, ordering):
    return logits.mean(0).sigmoid()
""",
    ),
    Mutant(
        "made-mixture",
        "the variable itself is weighed too",
        says="looked at that variable itself",
        source="""
def mixture_probs(logits, x, ordering):
    in_order = Bernoulli(logits=logits).log_prob(x)[:, :, ordering]
    before = in_order.cumsum(2)
    weights = (before.softmax(0))[:, :, torch.argsort(ordering)]
    return (weights * logits.sigmoid()).sum(0)
""",
    ),
    Mutant(
        "made-mixture",
        "weighed by the whole x",
        says="your weights have looked at",
        source="""
def mixture_probs(logits, x, ordering):
    in_order = Bernoulli(logits=logits).log_prob(x)[:, :, ordering]
    before = in_order.sum(2, keepdim=True).expand_as(in_order)
    weights = (before.softmax(0))[:, :, torch.argsort(ordering)]
    return (weights * logits.sigmoid()).sum(0)
""",
    ),
    Mutant(
        "made-mixture",
        "natural ordering, whatever was asked",
        says="your weights have looked at",
        source="""
def mixture_probs(logits, x, ordering):
    in_order = Bernoulli(logits=logits).log_prob(x)[:, :, torch.arange(len(ordering))]
    before = in_order.cumsum(2) - in_order
    weights = (before.softmax(0))[:, :, torch.arange(len(ordering))]
    return (weights * logits.sigmoid()).sum(0)
""",
    ),
    Mutant(
        "made-mixture",
        "weights left in generation order",
        says="your weights have looked at",
        source="""
def mixture_probs(logits, x, ordering):
    in_order = Bernoulli(logits=logits).log_prob(x)[:, :, ordering]
    before = in_order.cumsum(2) - in_order
    weights = (before.softmax(0))[:, :, torch.arange(len(ordering))]
    return (weights * logits.sigmoid()).sum(0)
""",
    ),
    Mutant(
        "made-mixture",
        "weights multiplied as probabilities",
        says="How small is the product",
        source="""
def mixture_probs(logits, x, ordering):
    in_order = Bernoulli(logits=logits).log_prob(x)[:, :, ordering]
    before = in_order.cumsum(2) - in_order
    weights = (before.exp() / before.exp().sum(0))[:, :, torch.argsort(ordering)]
    return (weights * logits.sigmoid()).sum(0)
""",
    ),
    Mutant(
        "made-mixture",
        "logits averaged by the right weights",
        says="you average their logits",
        source="""
def mixture_probs(logits, x, ordering):
    in_order = Bernoulli(logits=logits).log_prob(x)[:, :, ordering]
    before = in_order.cumsum(2) - in_order
    weights = (before.softmax(0))[:, :, torch.argsort(ordering)]
    return (weights * logits).sum(0).sigmoid()
""",
    ),
    Mutant(
        "made-mixture",
        "weights not normalised",
        says="add up to 1",
        source="""
def mixture_probs(logits, x, ordering):
    in_order = Bernoulli(logits=logits).log_prob(x)[:, :, ordering]
    before = in_order.cumsum(2) - in_order
    weights = (before.exp())[:, :, torch.argsort(ordering)]
    return (weights * logits.sigmoid()).sum(0)
""",
    ),
    Mutant(
        "made-ensemble",
        "normalised over the batch",
        says="what else is in the batch",
        source="""
def ensemble_log_prob(logits, x):
    return averaged_log_prob(logits, x).log_softmax(0)
""",
    ),
    Mutant(
        "made-sampling",
        "chance of its own",
        says="All chance is in `noise`",
        source="""
def my_sample(model, noise):
    return model.sample(len(noise))
""",
    ),
    Mutant(
        "made-sampling",
        "written to a copy",
        says="Do the draws reach `x` itself",
        source="""
def my_sample(model, noise):
    x = torch.zeros(len(noise), *model.event_shape, dtype=noise.dtype)
    for k, d in enumerate(model.ordering):
        p = model.conditionals(x).probs.flatten(1)[:, d]
        x.flatten(1).clone()[:, d] = (noise[:, k] >= 1 - p).to(x.dtype)
    return x
""",
    ),
    Mutant(
        "made-completion",
        "mask read by step",
        says="its entries belong to variables",
        source="""
_right = my_completion
def my_completion(model, known, mask, noise):
    by_step = torch.empty_like(mask)
    by_step.view(-1)[model.ordering] = mask.flatten()
    return _right(model, known, by_step, noise)
""",
    ),
    Mutant(
        "made-mixture",
        "probability of the bit, not of a 1",
        says="whatever x has there",
        source="""
_right = mixture_probs
def mixture_probs(logits, x, ordering):
    p = _right(logits, x, ordering)
    return torch.where(x > 0, p, 1 - p)
""",
    ),
    Mutant(
        "made-mixture",
        "weighed by the bit just before only",
        says="had a say in the members' weights",
        source="""
def mixture_probs(logits, x, ordering):
    in_order = Bernoulli(logits=logits).log_prob(x)[:, :, ordering]
    before = torch.cat([torch.zeros_like(in_order[..., :1]), in_order[..., :-1]], dim=2)
    weights = before.softmax(0)[:, :, torch.argsort(ordering)]
    return (weights * logits.sigmoid()).sum(0)
""",
    ),
]  # fmt: skip
