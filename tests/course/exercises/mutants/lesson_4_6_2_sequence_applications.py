"""Wrong answers to the exercises of lesson 4.6.2."""

from tests.course.exercises.mutants import Mutant

MUTANTS = [
    Mutant(
        "sequence-tempered",
        "changes the whole likelihood, and not each step",
        says="no longer sum to 1",
        source="""
def tempered_nats(logits, levels, temperature):
    return -logits.log_softmax(-1).gather(-1, levels[:, None]).sum() / temperature
""",
    ),
    Mutant(
        "sequence-nucleus",
        "leaves out the symbol that crosses the line, and everything if the first one does",
        says="does not reach p",
        source="""
def nucleus(probs, p):
    values, order = probs.sort(descending=True)
    kept = torch.zeros_like(probs)
    kept[order] = values * (values.cumsum(0) < p)
    return kept / kept.sum().clamp(min=1e-9)
""",
    ),
    Mutant(
        "sequence-fifths",
        "forgets that both voices must move",
        says="both must move",
        source="""
def parallel_fifths(upper, lower):
    is_fifth = [(a - b) % 12 == 7 for a, b in zip(upper, lower)]
    return sum(
        is_fifth[t - 1] and is_fifth[t] and (upper[t] - upper[t - 1]) * (lower[t] - lower[t - 1]) >= 0
        for t in range(1, len(upper))
    )
""",
    ),
    Mutant(
        "sequence-nucleus",
        "zeroes the caller's probabilities",
        says="has changed its argument `probs`",
        source="""
def nucleus(probs, p):
    values, order = probs.sort(descending=True)
    probs[order[values.cumsum(0) - values >= p]] = 0
    return probs / probs.sum()
""",
    ),
    Mutant(
        "sequence-fifths",
        "takes steps from the caller's lists",
        says="has changed its argument `upper`",
        source="""
_right = parallel_fifths
def parallel_fifths(upper, lower):
    count = 0
    while len(upper) > 1:
        count += _right(upper[:2], lower[:2])
        upper.pop(0), lower.pop(0)
    return count
""",
    ),
    Mutant(
        "sequence-hop",
        "measures with a hop of its own, as a library's default is a quarter of the window",
        says="moment",
        source="""
def frame_powers(wave, hop, window):
    padded = torch.nn.functional.pad(wave, ((window - hop) // 2, window * len(wave)))
    return padded.unfold(0, window, window)[: len(wave) // hop].square().mean(1)
""",
    ),
    Mutant(
        "sequence-hop",
        "mirrors the wave, as torch.stft does",
        says="silence",
        source="""
def frame_powers(wave, hop, window):
    margin = (window - hop) // 2
    padded = torch.nn.functional.pad(wave[None], (margin, margin), mode="reflect")[0]
    return padded.unfold(0, window, hop).square().mean(1)
""",
    ),
    Mutant(
        "sequence-hop",
        "begins its windows with the frames",
        says="too early",
        source="""
def frame_powers(wave, hop, window):
    return torch.nn.functional.pad(wave, (0, window - hop)).unfold(0, window, hop).square().mean(1)
""",
    ),
    Mutant(
        "sequence-hop",
        "squares the caller's wave",
        says="has changed its argument `wave`",
        source="""
def frame_powers(wave, hop, window):
    margin = (window - hop) // 2
    return torch.nn.functional.pad(wave.pow_(2), (margin, margin)).unfold(0, window, hop).mean(1)
""",
    ),
]
