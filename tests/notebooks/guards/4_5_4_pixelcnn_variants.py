# The numbers that the text of lesson 4.5.4 states; run after its last cell.
import json as _json
import re
from pathlib import Path as _Path

_full = not quick and not seed
# fields
assert (-1, 2) not in one_stack(4) and (-1, 2) not in one_stack(30)
assert len(one_stack(4)) == 34 and len(stacks.two_stacks(4)) == 40
assert len(armod.check_autoregressive(plain).blind_spot) == 251
assert not armod.check_autoregressive(gated).blind_spot
_passed = [my_stacks.gate(torch.tensor([[1.0, opening]])).item() / math.tanh(1) for opening in (4.0, -4.0)]
assert [round(100 * share) for share in _passed] == [98, 2]
# two bugs
assert has_leak == {"shifted once": False, "never shifted": True, "shifted in every layer": False}
assert (blind, len(report.blind_spot) - blind) == (179, 696) and not report.leaks
assert min(nats, key=lambda name: nats[name][0]) == "never shifted"
assert nats["never shifted"][0] < nats["shifted once"][0] / 4
assert drawn[1].float().mean() < drawn[0].float().mean() / 2
_price = [b - a for a, b in zip(nats["shifted once"], nats["shifted in every layer"], strict=True)]
assert not _full or (min(_price) > 0.3 and max(_price) < 1.3)
# equal size
assert round(gain, 1) == 5.3
assert [round(bar[0], 1) for bar in bars.values()] == [76.8, 71.5]
_root = _Path(armod.__file__).parents[1]
_spot = _json.loads((_root / "benchmarks/controls/blind_spot.json").read_text())
_ours, _blind, _less = (
    [one["test_nats"] for one in _spot if one["model"] == name]
    for name in ("two stacks", "blind spot back", "one tap less")
)
assert [round(b - a, 1) for a, b in zip(_ours, _blind, strict=True)] == [6.0, 6.0, 5.6]
assert [round(b - a, 1) for a, b in zip(_ours, _less, strict=True)] == [0.6, 0.7, 0.7]
# the detective story
assert share["real"] < 1.5 and share["GRU"] < 4 and min(share["plain"], share["gated"]) > 70
assert round(receipt("recurrent-digits28").nats) == 84
assert gap == 0 and wide.num_masked_layers * (wide.kernel_size // 2) == 12
assert found["no-coordinates"] > 60 and found["coordinates"] < (10 if quick else 6)
assert saved > 4 * error
assert share["best"] <= (6 if quick else 3.5) and min(ladder, key=ladder.get) == "best"
assert ladder["best"] == min(
    receipt(name).nats
    for name in armod.pretrained.NAMES
    if re.fullmatch(r"(gated-)?pixelcnn.*-digits28", name)
)
_place = _json.loads((_root / "benchmarks/controls/place.json").read_text())
for _name, _nats, _shares in (
    ("no coordinates", [75.0, 76.1, 76.6], [80, 76, 82]),
    ("coordinates", [73.2, 73.9, 73.5], [37, 20, 35]),
):
    _runs = [one for one in _place if one["model"] == _name]
    assert [one["seed"] for one in _runs] == [0, 1, 2]
    assert [round(one["test_nats"], 1) for one in _runs] == _nats
    assert all(abs(100 * r["touching_the_last_row"] - s) < 1 for r, s in zip(_runs, _shares, strict=True))
# the mixture
assert summits["softmax"] > 10 and summits["mixture"] <= 5
assert marks["mixture"][0][1] > marks["softmax"][0][1]
assert [round(receipt(f"gated-pixelcnn-{k}-photos16").bits_per_dim, 2) for k in ("softmax", "mixture")] == [
    5.59,
    5.24,
]
_levels = _json.loads((_root / "benchmarks/controls/levels.json").read_text())
for _even, _size, _table, _mixture in (
    (False, 100, 8.31, 7.91),
    (False, 10_000, 7.86, 7.85),
    (True, 100, 7.65, 7.87),
    (True, 10_000, 6.85, 7.82),
):
    _runs = [one for one in _levels if (one["only_even"], one["levels"]) == (_even, _size)]
    assert [round(sum(one[kind] for one in _runs) / 3, 2) for kind in ("table", "mixture")] == [
        _table,
        _mixture,
    ]
# slopes and indicator
assert matrices["both"].equal(matrices["indicator alone"]) and matrices["both"].equal(
    matrices["slopes alone"]
)
assert matrices["both"].equal(torch.ones(3, 3).tril(-1).bool()) and not matrices["neither"].any()
_mean = {name: torch.stack(each).mean(0) for name, each in bits_of.items()}
assert all(
    _mean[name][1] < _mean["neither"][1] - 0.25 for name in ("both", "indicator alone", "slopes alone")
)
if _full:
    assert all(0.6 < _mean["neither"][1] - _mean[name][1] < 1.1 for name in settings if name != "neither")
    assert max(b[1] for b in bits_of["slopes alone"]) < min(b[1] for b in bits_of["indicator alone"])
    assert max(b[2] for b in bits_of["both"]) < min(b[2] for b in bits_of["slopes alone"])
    for _shared in ("both", "indicator alone"):
        for _own in ("slopes alone", "neither"):
            assert min(b[0] for b in bits_of[_shared]) > max(b[0] for b in bits_of[_own]) + 0.02
assert [round(x, 1) for x in (without - with_both).tolist()] == [-0.2, 0.7, 0.7]
# down, up and across
assert sum(bool(matrix[i, i - 1]) for i in range(64) if i % 8) == 2
assert matrix.equal(before_its_cell)
assert history.train_bits_per_dim[0] > history.valid_bits_per_dim[0] - (1 if quick else 0)
assert quick or history.valid_bits_per_dim[-1] < 7.5
_lost = [bits[name] - bits["PixelCNN++"] for name in shipped]
if not quick:
    assert [round(each, 2) for each in _lost] == [0, -0.01, 0.83, 0.43, 0.13, 0.48]
    assert (
        round(
            (bits["without short-cuts"] - bits["PixelCNN++"])
            / (bits["difference to the left"] - bits["PixelCNN++"]),
            1,
        )
        == 0.7
    )
_sizes = {name: receipt(weights).num_parameters for name, weights in shipped.items()}
assert _sizes["PixelCNN++"] - _sizes["Gated, mixture"] == 5331
assert _sizes["PixelCNN++"] - _sizes["colours independent"] == 45
