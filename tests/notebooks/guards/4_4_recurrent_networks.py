# The numbers that the text of lesson 4.4 states; run after its last cell.
import json as _json
from pathlib import Path as _Path

assert max(gaps.values()) == 0
assert round(characters(names.test), 2) == 7.05 and len(known) > 4000
assert of_order[0] > of_order[1] > of_order[2] < of_order[3]
_pasts = {tuple(_name[_t : _t + 4]) for _name in names.train.tolist() for _t in range(8)}
_asked = [tuple(_name[_t : _t + 4]) for _name in names.valid.tolist() for _t in range(8) if _name[_t + 3]]
assert sum(_past not in _pasts for _past in _asked) > 0.2 * len(_asked)
assert 7.5 < 2 ** of_order[2] < 7.8
_names = {"4-gram": bits_per_character(tables[4], names.test)}
_names |= {cell: bits_per_character(model, names.test) for cell, (model, _) in writers.items()}
assert quick or max(_names.values()) - min(_names.values()) < 0.1
assert round(bits_per_character(writer, names.test), 1) == 2.7
assert (
    loss < 0.3 and empty > 270 and len(armod.check_autoregressive(broken).leaks) == 12 and len(unseen) > 150
)
_sonnets = {
    name: -model.log_prob(sonnets.test).mean().item() / math.log(2) / 128 for name, model in models.items()
}
assert round(_sonnets["4-gram"], 3) == 2.478
_control = _Path(armod.__file__).parents[1] / "benchmarks/controls/transformer-sonnets.toml"
assert "needs 2.478 bits" in _control.read_text() and "this needs 2.892" in _control.read_text()
assert quick or all(0 < _sonnets[name] - _sonnets["4-gram"] < 0.12 for name in ("LSTM", "GRU"))
assert all(line[0] > 4 and line[1] > 3.5 for line in by_past.values())
assert enough in ((4, 8, 16) if quick else (8, 16)) and abs(by_past["GRU"][4] - by_past["GRU"][-1]) < 0.1
assert entries["LSTM"] < entries["given a linear prediction"] - (0 if quick else 0.5)
assert (
    round(entries["given a linear prediction"], 1) == 5.8
    and round(entries["given the level before"], 1) == 5.9
)
assert alike["the voice"][0] > 0.85 and alike["the voice"][85] > 0.5
assert max(alike["the LSTM"][39:] + alike["level frequencies"]) < 0.2
assert quick or heard == (True, False)
assert all(3.5 < chain[name][1] / chain[name][0] < 4.5 for name in ("GRU", "LSTM"))
assert all(chain[name][1] == chain[name][0] for name in ("WaveNet", "MADE"))
assert quick or (timed["GRU"][-1] > 4 * timed["LSTM"][-1] and by_hand > 0.5 * timed["GRU"][-1])
assert quick or (timed["LSTM"][-1] < 2 * timed["WaveNet"][-1] and timed["MADE"][-1] > timed["LSTM"][-1])
assert eight["GRU"] < 4
# the answers to "your turn"
perplexity = lambda bits: 2**bits  # noqa: E731
assert torch.allclose(perplexity(torch.tensor([1.0, 5.0])), torch.tensor([2.0, 32.0]))
joined = lambda a1, b1, a2, b2: (a2 * a1, a2 * b1 + b2)  # noqa: E731
assert torch.allclose(all_states(alpha, beta), one_by_one, atol=1e-5) and joined(1, 2, 3, 4) == (3, 10)
# gradients
assert round(0.8**49, 5) == 0.00002 and round(1.2**49, -2) == 7600
assert max(left["LSTM"], left["GRU"]) < left["simple RNN"] < 0.01
assert all(0.25 < line[-1] < 0.75 for line in opened.values())
assert reach("rnn", 1.5)[-1] < 1 < reach("rnn", 2.0)[-1]
_open = 1 / (1 + math.exp(-5))
assert round(_open, 3) == 0.993 and 0.45 < _open**100 < 0.55 and 5e-4 < _open**1000 < 2e-3
# what a network can learn
assert quick or remembers == {name: "bias" in name for name in nets}
_found = _json.loads((_Path(armod.__file__).parents[1] / "benchmarks/controls/recall.json").read_text())
_bits = {}
for _one in sorted(_found, key=lambda one: one["seed"]):
    _bits.setdefault((_one["net"], _one["distance"], _one["learns"]), []).append(_one["bits"])
_table = _Path("4_4_recurrent_networks.py").read_text()
for _net in ("simple RNN", "LSTM", "GRU", "LSTM, gate bias 5", "GRU, gate bias 5"):
    _cells = (
        ", ".join(f"{_each:.2f}" for _each in _bits[_net, _distance, "recalled"]) for _distance in (10, 40)
    )
    assert f"# | {_net} | {' | '.join(_cells)} |" in _table
assert all(round(min(_line), 1) == 2.0 for (_, _, _learns), _line in _bits.items() if _learns == "all")
