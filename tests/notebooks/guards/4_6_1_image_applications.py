# The numbers that the text of lesson 4.6.1 states; run after its last cell.
import json as _json
from pathlib import Path as _Path

# digits: the smudge saves nearly a third; independent pixels lose by far, and win by squared error
assert with_input.mean() < without.mean() - 12
assert 0.27 < saved / without.mean() < 0.34
assert alone.mean() > without.mean() + 25
assert nearest == "blur" and errors["blur"] < 0.9 * min(errors["dust"], errors["one answer"])
# what could be saved, and how far answers agree with their smudge
assert round(16 * math.log(50)) == 63 and 18 < saved < 22 and 0.2 < agree < 0.8
# photographs
_fewer = stated.nats_without_context - stated.nats
assert 46 < _fewer < 48 and 2350 < stated.nats < 2450 and 300 < stated.seconds < 400
_quick = receipt("pixelcnn-plus-plus-photos16")
assert round(_quick.nats) == 2721 and 3.5 < stated.seconds / _quick.seconds < 4.5
assert 7 < (_quick.nats - stated.nats) / _fewer < 8
_folder = _Path(armod.__file__).parents[1] / "benchmarks/applications"
_photos = _json.loads((_folder / "images.json").read_text())["photos"]
_missed = [value for what, value in _photos.items() if what.startswith("root mean square")]
assert [round(each, 1) for each in _missed] == [6.7, 5.4, 3.6, 0.3]
assert (
    round(_photos["nats that the projection costs"]) == 42 and round(_photos["standard error of that"]) == 3
)
# colours: 8 x 8 pixels are enough, the first pixel decides, the grey buys little
assert restored[4] > 32 > 31 > restored[8]
assert first > 1.25 * second
assert cost.mean() < untold_cost - 12 < histogram.mean() - 100
# hypotheses and their mean
assert rows["best of 8 answers"][0] < 0.65 * rows["regressor"][0] or quick
assert quick or abs(rows["mean of 8 answers"][0] / rows["regressor"][0] - 1) < 0.15
assert rows["one answer"][0] > 1.1 * rows["regressor"][0]
assert abs(rows["one answer"][1] / rows["the truth"][1] - 1) < 0.15
# the answer to the exercise in the lesson is exact
_one, _eight = rms(hues - real), rms(hues.mean(0) - real)
assert abs(math.sqrt((3 * _one**2 + 4 * _eight**2) / 7) - measured) < 1e-3 < 0.01 < abs(guess - measured)
# the encoder without its last line; both losses fall
assert quick or all(_passes[0] > _passes[-1] for _passes in learnt.values())
assert sizes["as it is"][-1] > 20 * sizes["divided by its size"][-1] and sizes["as it is"][0] < 0.2
assert quick or (bits["as it is"] > 3.6 and bits["divided by its size"] < 2.6)
# completion
assert worse > 3 and won > (0 if quick else 2)
assert abs(estimate - exact) < 0.1
# a hidden bottom is exact; the table is that of benchmarks/applications/inpainting.json
assert abs(prices[:, 0, 0] - prices[:, 0, 1]).max() < 1e-3
_table = _json.loads((_folder / "inpainting.json").read_text())
_typed = {
    "bottom": (31.5, 0, 0, 33.8, 108.8, 96.0),
    "top": (34.1, 5.9, 0.4, 33.4, 78.2, 70.8),
    "right": (35.6, 3.1, 0.2, 36.0, 87.1, 78.9),
    "left": (30.0, 2.9, 0.2, 29.6, 73.9, 65.1),
    "box": (30.9, 6.0, 0.3, 30.2, 137.7, 126.4),
    "everything": (65.6, 0, 0, 69.1, 127.0, 121.1),
}
for _hole, _row in _typed.items():
    _nats = {name: each["nats"] for name, each in _table[_hole].items()}
    _won = _table[_hole].get("raster minus particles", {"nats": 0, "standard error": 0})
    _found = (_nats["raster"], _won["nats"], _won["standard error"], _nats["told the mask"])
    _found += (_nats["order-agnostic"], _nats["order-agnostic, mixture of 8"])
    assert all(abs(a - b) < 0.051 for a, b in zip(_row, _found, strict=True)), _hole
