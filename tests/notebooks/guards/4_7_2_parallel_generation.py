# The numbers that the text of lesson 4.7.2 states; run after its last cell.
import json as _json
from pathlib import Path as _Path

assert last["PixelCNN"] == side + 2 * (side - 1) < last["Gated PixelCNN"]
assert all(
    int(armod.MultiScale((1, n, n), 2, 1, likelihood=bits).groups.max()) == k for n, k in [(28, 16), (56, 19)]
)
assert len(set(wave_of["WaveNet"].tolist())) == 24
assert abs(total - 1) < 1e-5
# the groups of 28 x 28 pixels: 16 pixels after 7 passes, a quarter after 13, and 588 in the last three
assert [int((multi_scale.groups <= each).sum()) for each in (1, 7, 13)] == [1, 16, 196]
assert int((multi_scale.groups > 13).sum()) == 588 and int((multi_scale.groups == 16).sum()) == 196
# the price, and its control at equal time
assert 0 < price < 8 and error < (1.5 if quick else 0.7)
_found = _json.loads((_Path(armod.__file__).parents[1] / "benchmarks/strategies/equal_time.json").read_text())
_nats = {}
for _one in _found:
    if _one["cpu_seconds"] == 90:
        _nats.setdefault(_one["model"], []).append(round(_one["test_nats"], 1))
assert _nats["raster, gated"] == [69.6, 68.6, 68.4] and _nats["multi-scale"] == [72.1, 71.0, 70.8]
assert _nats["subscale"][0] == 70.2 and _nats["multi-scale, diagonal first"] == [72.2]
_pairs = zip(_nats["multi-scale"], _nats["raster, gated"], strict=True)
assert all(2.3 < _groups - _pixels < 2.6 for _groups, _pixels in _pairs)
assert [int(_nats[_name][0]) for _name in ("multi-scale, photos", "PixelCNN++, photos")] == [2443, 2644]
assert all(0.7 < _one["standard_error"] < 0.85 for _one in _found if "photos" not in _one["model"])
assert 76 < nats_of(raster) < 77.5
# what independence loses
for _pair in (("right", "below"), ("below", "beside")):
    assert correlation[_pair][0] > (0.1 if quick else max(0.15, 3 * correlation[_pair][1]))
assert all(abs(correlation["diagonal", each][0]) < (0.15 if quick else 0.06) for each in ("beside", "below"))
_found = _json.loads(
    (_Path(armod.__file__).parents[1] / "benchmarks/strategies/group_independence.json").read_text()
)
_won = {(_one["group"], _one["neighbours"]): _one["nats_won"] for _one in _found}
assert abs(_won[14, "below"] - 0.22) < 0.006 and abs(_won[15, "beside"] - 0.18) < 0.006
assert max(_won[16, "beside"], _won[16, "below"]) < 0.01
# slices
assert of_slices == 69
_ends = [int(each.max()) for each in of_slice.values()]
assert _ends == sorted(_ends) and _ends[0] > _ends[-1] / 2
assert taken["subscale"] < 0.75 * taken["raster"] < 50
# sound
assert sum(_error > 1e-3 for _error in errors) > length - 6 and max(errors) > 100
assert right and history.kl[0] > 20
assert (
    pleased < own - 0.1 and sounds["the student without entropy"].std() < 0.15 * sounds["the teacher"].std()
)
assert lost > 1 and mean < (1 if quick else 0.1)
assert held_out < 0.12
assert apart["the teacher again"] < apart["the student"] < apart["white noise"] - 8
assert 4 < next(iter(ratios.values())) < 100 and max(ratios.values()) > 30
_nats_lost = [*divergence.values()]
assert _nats_lost[0] > 90 and _nats_lost[-1] < _nats_lost[0] - 20
# the table
assert table["multi-scale"][6] < table["PixelCNN, cached"][6] < table["PixelCNN, naive"][6]
assert all(
    table[name][0]
    for name in ("PixelCNN, naive", "PixelCNN, cached", "fixed point", "guess and verify, a row")
)
assert (
    not table["speculative"][0]
    and table["subscale, fixed point"][3] < table["subscale, fixed point"][4] + 40 * quick
)
assert table["WaveNet, cached"][6] > 4 * table["flow student"][6]
assert quick or table["WaveNet, cached"][7] < 4 * table["flow student"][7]
assert quick or table["PixelCNN, cached"][7] < table["guess and verify, a row"][7]
assert table["guess and verify, a row"][6] < table["PixelCNN, cached"][6]
