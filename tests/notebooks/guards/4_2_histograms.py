# The numbers that the text of lesson 4.2 states; run after its last cell.
assert [len(x) for x in (train, valid, test)] == [1444, 177, 176]
assert sum(map(len, (names.train, names.valid, names.test))) == 5163
# sections 1 and 2
assert by_bins[16] < by_bins[4] < by_bins[2] < math.log(16) and round(by_bins[16], 2) == 2.53
assert rough.num_occupied < 16 and nats(rough, test[:, :1]) == math.inf
few_to_all = [[mean_nats(B, N) for B in bins] for N in (15, 1444)]
assert min(few_to_all[0]) < math.log(16) < few_to_all[0][-1] and min(few_to_all[1]) == few_to_all[1][-1]
assert abs(gain) < error and gains[8][0] > 2 * gains[8][1] and counts.num_occupied < 256
# section 4, and the answers to the questions of section 5
assert unseen[16, 2] < 0.02 and all(unseen[16, D] == 1 for D in range(8, 13))
assert round(unseen[16, 4], 2) == 0.73 and round(unseen[4, 12], 2) == 0.94
assert last.dense_bytes // 10**14 == 22 and 16 * last.num_occupied // 1000 == 23
for num_cells_of, first in [(8, 3), (4, 4), (2, 6)]:
    assert unseen[num_cells_of, first] > 0 == unseen[num_cells_of, first - 1]
few_digits = armod.Histogram((1,), 8, num_levels=16).fit(train[:25, :1])
assert few_digits.is_unseen(test[:, :1]).any()
# section 6
assert least[2] == 100 and least[4] == 1e4 and min(sweep[12]) / 12 > math.log(16)
assert sweep[12][0] / 12 < sweep[4][0] / 4 and excess["12 pixels"][0] > excess["4 pixels"][0]
assert all(math.isclose(a, b) for a, b in zip(excess["12 pixels"], excess["an unseen digit"], strict=True))
assert abs(math.log(1 + 1444 / 840.4) - 1) < 0.001
assert chosen[1][0] == 16 and chosen[12][0] == 2 and round(counting[-1], 2) == 2.66
# section 7
assert (num_bins, num_kept) == (4, 3) and abs(neighbours - 2.304) < 0.001
assert held_out[16].index(min(held_out[16])) == 2 and held_out[2].index(min(held_out[2])) == 4
assert round(counting[-1] - neighbours, 2) == 0.36
assert mine > least_nats
# section 8
assert max(line[0] for line in lines.values()) - min(line[0] for line in lines.values()) < 0.02
assert all(abs(each - 2.24) < (0.06 if quick else 0.01) for each in by_seed)
assert min(at_twelve, key=at_twelve.get) == "MADE" and abs(12 * lines["MADE"][-1] - nats(made, test)) < 1e-3
assert sum(weights.numel() for weights in made.parameters()) == 24832
# section 9
assert grows["full table"] > 25 and 0.3 < grows["neighbours"] < 1 and 0.3 < grows["MADE"] < 3
assert abs(surprise["full table"][1] - surprise["full table"][2]) < 0.2
# section 10
assert round(12 * math.log(27), 1) == 39.6
assert n == 4 and round(on_test[3], 2) == 13.98 and on_valid[4] > on_valid[3]
assert round(told_place, 2) == 14.24
assert scores["MADE"] > scores["counted 4-gram"] and (quick or scores["GRU"] < scores["counted 4-gram"] - 0.3)
assert quick or (abs(scores["MADE"] - 14.35) < 0.1 and abs(scores["GRU"] - 13.5) < 0.1)
assert {"margaret", "marlena"} <= seen | set(map(to_name, names.test))

import json as _json  # noqa: E402
from pathlib import Path as _Path  # noqa: E402

_found = _json.loads((_Path(armod.__file__).parents[1] / "benchmarks/controls/names.json").read_text())
_nats = {
    past: [_one["nats"] for _one in _found if _one["past"] == past] for past in ("3 letters", "7 letters")
}
assert all(13.95 < each < 14.15 for each in _nats["3 letters"]) and len(_nats["3 letters"]) == 3
assert all(13.75 < each < 13.95 for each in _nats["7 letters"]) and len(_nats["7 letters"]) == 3
