# The numbers that the text of lesson 4.6.2 states; run after its last cell.

import json as _json
from pathlib import Path as _Path

# speech
assert 650 < len(speech.pronunciations()) < 750 and plan.features.shape[0] == 28
assert all(abs(len(heard[_name]) - len(real)) <= 80 for _name in ("the recording", "from the recording"))
_samples = sum(map(len, levels))
assert 5000 < _samples / len(levels) < 8000
assert unknown - right < math.log2(len(words)) * len(words) / _samples + 1e-9  # the bound is exact
assert abs(unknown - right) < 0.1 and wrong > right + 0.3
assert hits >= (2 if quick else 5)
# the table of the outside judge
_file = _Path(armod.__file__).parents[1] / "benchmarks/applications/speech.json"
_judged = _json.loads(_file.read_text())
_typed = {
    "real recordings": (90, 100),
    "copy of the recording, T = 0.8": (78, 87),
    "copy, but with the pitch that the text predicts, T = 0.8": (78, 87),
    "copy, but with the spectrum that the text predicts, T = 0.8": (66, 67),
    "split, from text alone, T = 0.8": (65, 58),
    "direct, from text alone, T = 0.8": (39, 48),
    "babble": (1, 0),
}
for _name, _row in _typed.items():
    _found = [100 * _judged[_name][part] for part in ("words", "held out")]
    assert all(abs(a - b) < 0.51 for a, b in zip(_row, _found, strict=True)), _name
_bits = {_name: speech.receipt_of(_name)["bits"] for _name in ("babble", "direct")}
assert [f"{each:.2f}" for each in _bits.values()] == ["5.29", "5.22"]
_copied = _judged["copy of the recording, T = 0.8"]
assert [round(_copied[f"dB from {_what}"], 1) for _what in ("the recording", "another word")] == [4.1, 13.3]
assert 13.3 <= round(_judged["real recordings"]["dB from another word"], 1) <= 13.4
_stranger = _judged["second voice"]
_apart = [
    _stranger["seconds of sound"],
    _stranger["dB from the recording"],
    _stranger["dB from another piece"],
]
assert [f"{each:.1f}" for each in _apart] == ["24.7", "7.0", "14.8"]
assert apart[0] > _copied["dB from the recording"] + 2  # a stranger is copied worse
# music: the same counts on another form, and what a melody is worth
assert 5 < counted["a hold is a hold"] - counted["a hold says its pitch"] < 9
assert nats["told the whole soprano"] < nats["the soprano's past (Transformer)"] < nats["told nothing"]
assert nats["told nothing"] < nats["told another soprano"] - 10
assert nats["told nothing"] - nats["told the whole soprano"] > 0.15 * nats["told nothing"]
_music = _json.loads(_file.with_name("music.json").read_text())
_ways = _music["three ways"]
assert _ways["passes"] == 8
assert [round(_ways[_name]["nats"]) for _name in ("past", "first", "whole")] == [106, 128, 112]
_keys = _music["nats"]["recurrent-harmony, the mean over 13 keys"]
assert (f"{_keys:.1f}", f"{receipt.nats:.1f}") == ("76.0", "79.3") and _keys <= 82
assert 2 < (own_key - averaged).mean() < 7
_bach, _chance, _ours, _lawful, _cool = verdicts.values()
assert 0.3 < _bach.fifths < 0.5 and _ours.fifths > 0.8 * _chance.fifths and _ours.fifths > 20 * _bach.fifths
_drawn = _music["voice leading"]
assert [round(_drawn[_name]["fifths"]) for _name in ("ours", "voices of different chorales")] == [24, 18]
assert _music["seeds"] == 3
assert _bach.triads - _ours.triads < (_bach.triads - _chance.triads) / 3
assert _lawful.fifths == 0 and 2 < price.mean() < 10
assert _cool.triads > _lawful.triads + 0.04 and _cool.fifths == 0 and _cool.crossings < _lawful.crossings
assert abs(_lawful.triads - _ours.triads) < 0.06 and abs(_lawful.crossings - _ours.crossings) < 0.03
# letters
_best = min(range(8), key=by_letters.__getitem__)
assert _best == 4 and f"{by_letters[4]:.3f}" == "2.508" and by_letters[7] > by_letters[3]
assert by_tokens[2] == min(by_tokens) and 0.01 < by_letters[4] - by_tokens[2] < 0.05
assert 1.9 < len(texts["train"]) / len(train_tokens) < 2.3
assert bits["tokens, GPT"] < bits["tokens, LSTM"] - 0.02 < bits["tokens, the best table"] - 0.1
assert bits["tokens, GPT"] < min(by_letters + by_tokens) - 0.1
_texts = _json.loads(_file.with_name("text.json").read_text())
_valid = [
    _texts[f"{_name}-plays"]["bits per character, valid play"] for _name in ("recurrent", "transformer")
]
assert abs(_valid[0] - _valid[1]) < 0.02
_receipts = [armod.pretrained.receipt(f"{_name}-plays") for _name in ("recurrent", "transformer")]
assert [round(each.seconds) for each in _receipts] == [324, 914]
assert _receipts[0].num_parameters < _receipts[1].num_parameters
assert in_bits["its own past"] < in_bits["no past"] < in_bits["another past"]
assert fresh(greedy) < 0.75 * fresh(drawn_text) and fresh(drawn_text) > 190
assert min(tempered, key=tempered.__getitem__) == 1.1 and tempered[0.7] > tempered[1.0] + 0.05
assert min(of_train, key=of_train.__getitem__) == 0.9
assert possible < len(some) / 20
