# The numbers that the text of lesson 4.5.2 states; run after its last cell.
import json
from pathlib import Path

assert abs(50 + autocorrelation(vowel).argmax() - 80) < 5
assert round(2 / 256 / width[128].item()) == 45 and round(width[255].item() * 128) == 5
every_level = torch.arange(256, dtype=torch.float64)
assert torch.allclose(decode(every_level), mu_law_decode(every_level, dtype=torch.float64))
assert 8 < above < 12 and 1.3 < above / for_a_bit < 1.8
assert all(8 < a - b < 12 for a, b in zip(*noise.values(), strict=True))
assert all(6 < (line[-1] - line[0]) / 4 < 7 for line in noise.values())
equal, companded = (quantised(4, is_mu_law).abs().min().item() for is_mu_law in (False, True))
assert equal == 1 / 16 and round(equal / companded) == 5
assert off_by_one(wave) == 0 and round(off_by_one(spread)) == 25
assert all(5 < off_by_one(volume * wave) < 35 for volume in (0.9, 0.7, 0.3))
assert moved.flatten().nonzero().flatten().tolist() == list(range(10, 26))
assert len(always_4.oracle) == 4 and always_4.field == 13 and fields["dilation doubled"][-1] == 2048
upside_down, cut_short = DilationFacts((16, 8, 4, 2, 1), 2), DilationFacts((16, 8, 4, 2), 2)
assert upside_down.oracle == DilationFacts((1, 2, 4, 8, 16), 2).oracle and upside_down.field == 32
assert cut_short.field == 31 and list(cut_short.oracle) == list(range(0, 31, 2))
for right in ((1, 2, 4, 8, 16, 18), (25, 12, 6, 3, 1, 2)):  # your turn: 50 samples
    assert DilationFacts(right, 2).field == 50 == len(DilationFacts(right, 2).oracle)
# the network of the lesson is armod's
own = MyWaveNet(8, 3, 16, [1, 2, 4])
theirs = armod.WaveNet((8,), 16, dilations=[1, 2, 4], likelihood=armod.likelihoods.Categorical(3), seed=seed)
renamed = {name.replace("convolutions", "units"): value for name, value in theirs.state_dict().items()}
own.load_state_dict(renamed | {"levels.weight": theirs.inputs.table()}, strict=False)
x = torch.randint(3, (50, 8))
assert torch.allclose(own.log_prob(x), theirs.log_prob(x), atol=1e-4)
assert loss[1] < 0.3 and loss[0] > 1 and len(wrong.leaks) == 8
names = ("even levels", "histogram", "last value", "linear prediction", "last value, with memory")
assert [round(bits[name], 2) for name in (*names, "linear, with memory")] == [8, 7.56, 6.29, 6.16, 5.31, 5.16]
assert (
    bits["histogram"] > bits["table, last two"] > bits["table, last level"] > bits["last value, with memory"]
)
assert 5.8 < bits["table, last level"] < bits["table, last two"] < 6.16
assert 5 < remembers / weighs < 9
assert 0.02 < gains.mean() < 0.03 and (gains > 0).sum() == 3 and gains[:-1].mean() < 0
assert speech.train.numel() == 144_000 and sum(weight.numel() for weight in trained.parameters()) == 140_896
assert round(shipped.bits_per_dim, 2) == 5.13 and ours.bits_per_dim < (5.9 if quick else 5.35)
past = {length: each.mean().item() for length, each in needed.items()}
assert 7.3 < past[0] < 8 and past[0] - past[1] > 1 and past[0] - past[16] > 2 and past[16] < 5.7
assert abs(late.mean()) < 2 * late_error < 0.15 and trained.receptive_field == 2047
assert 7.3 < neither < 7.8 and whole < 6.1 and no_skip < 6.1 and whole + 0.25 < no_residual < neither - 0.3
assert (
    both[512] == 0 and both[256] > 0.3 * both[1] and both[255] < 1e-4 * both[1] and alone[1] < 1e-6 * both[1]
)
assert lines_of_reach["WaveNet"][-1] > 10 * lines_of_reach["GRU"][-1]
assert 9 * 512 == 4608 and net.receptive_field == 512
assert found["real"][0] > 0.5 and max(found["WaveNet"][0], found["histogram"][0]) < 0.3
assert (
    bursts > real_bursts / 3 and voice < real_voice / 2 and 0.2 < heard["WaveNet"].std() / sentence.std() < 3
)
# what every part is worth, trained out: benchmarks/ablations/wavenet.py
found = json.loads(
    (Path(armod.__file__).parents[1] / "benchmarks" / "ablations" / "wavenet.json").read_text()
)
variants = {
    "whole": 5.13,
    "tanh": 5.21,
    "ReLU": 5.32,
    "tanh, as many weights": 5.19,
    "ReLU, as many weights": 5.21,
}
variants |= {"no skip": 5.19, "no residual": 5.34, "no residual, no skip": 7.6}
trained_out = {name: [each["test"] for each in found if each["variant"] == name] for name in variants}
assert {name: round(sum(each) / 3, 2) for name, each in trained_out.items()} == variants
lost = {
    name: [round(one - whole, 2) for one, whole in zip(each, trained_out["whole"], strict=True)]
    for name, each in trained_out.items()
}
assert lost.pop("whole") == [0, 0, 0] and all(min(each) > 0 for each in lost.values())
assert [*lost.values()] == [
    [0.07, 0.08, 0.09], [0.27, 0.17, 0.12], [0.04, 0.08, 0.04], [0.07, 0.06, 0.09],
    [0.06, 0.06, 0.05], [0.21, 0.25, 0.15], [2.46, 2.48, 2.47],
]  # fmt: skip
assert (
    max(trained_out["whole"]) < bits["linear, with memory"] < min(min(x) for x in [*trained_out.values()][1:])
)
weights = {each["variant"]: each["weights"] for each in found}
assert (
    weights["tanh, as many weights"] == weights["ReLU, as many weights"] > weights["whole"] > weights["tanh"]
)
