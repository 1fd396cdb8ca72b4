"""Wrong answers to the exercises of lesson 4.5.1."""

from tests.course.exercises.mutants import Mutant

MUTANTS = [
    Mutant(
        "made-counts",
        "output sees its own place (>=)",
        says="has seen this very variable",
        source="""
inputs_seen = ((place[:, None] >= degrees) * degrees).max(1).values
weights_kept = [int(degrees.sum()), int((7 - degrees).sum())]
""",
    ),
    Mutant(
        "made-counts",
        "output mask >= in the count of weights",
        says="may the output at place m use it",
        source="""
weights_kept = [int(degrees.sum()), int((7 - degrees).sum())]
""",
    ),
    Mutant(
        "made-counts",
        "paths counted for inputs",
        says="number of paths",
        source="""
inputs_seen = (used_by_outputs.int() @ seen_by_units.int()).sum(1)
""",
    ),
    Mutant(
        "made-counts",
        "hidden units counted for inputs",
        says="number of hidden units that it may use",
        source="""
inputs_seen = used_by_outputs.sum(1).tolist()
""",
    ),
    Mutant(
        "made-counts",
        "ordering forgotten",
        says="its number for its place",
        source="""
inputs_seen = ((torch.arange(1, 7)[:, None] > degrees) * degrees).max(1).values
""",
    ),
    Mutant(
        "made-counts",
        "all that come before, whatever the degrees",
        says="So many come before it",
        source="""
inputs_seen = place - 1
""",
    ),
    Mutant(
        "made-counts",
        "> into the hidden layer",
        says="both degrees are equal",
        source="""
weights_kept = [int((degrees - 1).sum()), int((6 - degrees).sum())]
""",
    ),
    Mutant(
        "made-counts",
        "no masks",
        says="all 36 weights",
        source="""
weights_kept = [36, 36]
""",
    ),
    Mutant(
        "made-counts",
        "one unit for each variable",
        says="one of them does nothing",
        source="""
fewest_units = 6
""",
    ),
    Mutant(
        "made-counts",
        "one unit for each pair",
        says="one unit serves many pairs",
        source="""
fewest_units = 15
""",
    ),
    Mutant(
        "made-counts",
        "a bottleneck",
        says="does not occur",
        source="""
fewest_units = 1
""",
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
        "made-masks",
        "output mask >= (e-hulten/made)",
        says="itself",
        source="""
def my_masks(ordering, degrees):
    inputs = torch.argsort(ordering) + 1
    layers = [inputs, *degrees, inputs]
    return [above[:, None] >= below[None, :] for below, above in pairwise(layers)]
""",
    ),
    Mutant(
        "made-masks",
        "> in every layer",
        says="and including m",
        source="""
def my_masks(ordering, degrees):
    inputs = torch.argsort(ordering) + 1
    layers = [inputs, *degrees, inputs]
    return [above[:, None] > below[None, :] for below, above in pairwise(layers)]
""",
    ),
    Mutant(
        "made-masks",
        "ordering taken for its inverse",
        says="comes k-th",
        source="""
def my_masks(ordering, degrees):
    inputs = ordering + 1
    layers = [inputs, *degrees]
    hidden = [above[:, None] >= below[None, :] for below, above in pairwise(layers)]
    return [*hidden, inputs[:, None] > layers[-1][None, :]]
""",
    ),
    Mutant(
        "made-masks",
        "hidden masks only (the output mask that the module's text forgets)",
        says="the outputs' included",
        source="""
def my_masks(ordering, degrees):
    layers = [torch.argsort(ordering) + 1, *degrees]
    return [above[:, None] >= below[None, :] for below, above in pairwise(layers)]
""",
    ),
    Mutant(
        "made-masks",
        "transposed, as in codes that compute x @ W",
        says="one row for each unit below",
        source="""
_right = my_masks
def my_masks(ordering, degrees):
    return [mask.T for mask in _right(ordering, degrees)]
""",
    ),
    Mutant(
        "made-masks",
        "natural ordering, whatever was asked",
        says="which comes only later in the ordering",
        source="""
_right = my_masks
def my_masks(ordering, degrees):
    return _right(torch.arange(len(ordering)), degrees)
""",
    ),
    Mutant(
        "made-masks",
        "output degrees off by one",
        says="does not see variable",
        source="""
_right = my_masks
def my_masks(ordering, degrees):
    inputs = torch.argsort(ordering) + 1
    return [*_right(ordering, degrees)[:-1], inputs[:, None] > degrees[-1][None, :] + 1]
""",
    ),
    Mutant(
        "made-leaks",
        "only pairs above the diagonal counted",
        says="Look at the diagonal",
        source="""
leaks_without = largest * (largest - 1) // 2
""",
    ),
    Mutant(
        "made-leaks",
        "all connected pairs counted",
        says="some of them are allowed",
        source="""
leaks_without = 8 * largest
""",
    ),
    Mutant(
        "made-leaks",
        "paths counted for pairs",
        says="number of forbidden paths",
        source="""
leaks_without = int((eight_degrees * (eight_degrees + 1) // 2).sum())
""",
    ),
    Mutant(
        "made-leaks",
        "units counted for pairs",
        says="leak the same variable",
        source="""
leaks_published = len(eight_degrees)
""",
    ),
    Mutant(
        "made-leaks",
        "no leak seen in the published code",
        says="Does output 3 use it",
        source="""
leaks_published = 0
""",
    ),
    Mutant(
        "made-leaks",
        "output mask >= (e-hulten/made)",
        says="still the published likelihood",
        source="""
mended_log_prob = published_log_prob
""",
    ),
    Mutant(
        "made-leaks",
        "no output mask (the module's text)",
        says="without any output mask",
        source="""
mended_log_prob = textbook_log_prob
""",
    ),
    Mutant(
        "made-leaks",
        "the bug mended in both masks",
        says="too much is hidden",
        source="""
def mended_log_prob(x, weights, biases, degrees):
    place = torch.arange(1, x.shape[1] + 1)
    hidden = F.linear(x, weights[0] * (degrees[:, None] > place[None, :]), biases[0]).relu()
    logits = F.linear(hidden, weights[1] * (place[:, None] > degrees[None, :]), biases[1])
    return Bernoulli(logits=logits).log_prob(x).sum(1)
""",
    ),
    Mutant(
        "made-leaks",
        "output mask upside down",
        says="which of the two degrees is the output's",
        source="""
def mended_log_prob(x, weights, biases, degrees):
    place = torch.arange(1, x.shape[1] + 1)
    hidden = F.linear(x, weights[0] * (degrees[:, None] >= place[None, :]), biases[0]).relu()
    logits = F.linear(hidden, weights[1] * (place[:, None] <= degrees[None, :]), biases[1])
    return Bernoulli(logits=logits).log_prob(x).sum(1)
""",
    ),
    Mutant(
        "made-leaks",
        "output bias lost",
        says="biases and all allowed weights",
        source="""
def mended_log_prob(x, weights, biases, degrees):
    place = torch.arange(1, x.shape[1] + 1)
    hidden = F.linear(x, weights[0] * (degrees[:, None] >= place[None, :]), biases[0]).relu()
    logits = F.linear(hidden, weights[1] * (place[:, None] > degrees[None, :]), None)
    return Bernoulli(logits=logits).log_prob(x).sum(1)
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
        "made-leaks",
        "normalised over the batch",
        says="what else is in the batch",
        source="""
def mended_log_prob(x, weights, biases, degrees):
    return published_log_prob(x, weights, biases, degrees).log_softmax(0)
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
]
