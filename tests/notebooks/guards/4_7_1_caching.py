# The numbers that the text of lesson 4.7.1 states; run after its last cell.
assert (len(now), len(now - old)) == (511, 9) and round(100 * (1 - 9 / 511)) == 98
_net = armod.WaveNet((41,), 16, dilations=dilations, likelihood=softmax, seed=seed)
assert all(layer.bias.abs().min() > 0 for layer in (*_net.convolutions, _net.hidden, _net.head))
assert first_wrong == {1: 1, 2: 2, 4: 4, 8: 8}
assert (
    units[lengths[1]] == 4 * units[lengths[0]]
    and seconds["naive", lengths[-1]] > 5 * seconds["cached", lengths[-1]]
)
assert naive[-1] > 1.3 * naive[0] and naive[-1] > 5 * cached_step[-1]
assert all(slow > 4 * fast for slow, fast in both.values())
assert torch.equal(passes[-1], cached) and 35 < len(passes) < 80
assert len(passes) - 1 <= max(waves.values()) == 82 and number_of["GatedPixelCNN"] > 2 * number_of["PixelCNN"]
assert share["photos"] < 0.15 < share["chorales"] < 0.3 and min(share["tokens"], share["speech"]) > 0.8
assert nats["photos"] > nats["tokens"] and nats["chorales"] < 1
# the three controls: entropy, the order of levels, one row
_cold = fixed_point(tokens, noise_of(tokens), lambda said, noise: inverse_cdf(temper(said, 0.1), noise))[-1]
coldest = temper(tokens.conditionals(_cold), 0.1).entropy().mean()
assert 5.5 < nats["tokens"] / coldest < 9 and all(each > 0.7 * 128 for each in cool)
assert max(named) < 0.15 * 768
assert (
    all(1.2 * one < other < 3.5 * one for one, other in zip(named, jumping, strict=True))
    and max(jumping) < 0.4 * 768
)
assert all(0.25 * 48 < one < 0.8 * 48 for one in rows)
assert reacts["chorales"] < 0.62 < 0.85 < min(reacts[name] for name in ("speech", "tokens", "photos"))
assert 16 * min(rows) > 2.5 * len(found["photos"])
assert counted[28][1] < counted[None][1] / 10 and counted[28][0] < 2.5 * counted[None][0]
assert gain[0] > 1.1 and (quick or gain[0] > gain[-1])
assert max(map(len, accepted)) < 4 * 28 and all(1.4 * 784 < each < 2.8 * 784 for each in positions)
assert places_for(1, 2) is ... and sampler.report.evaluations < 90
taken = {}
for name, guess in guessers.items():
    sampler = GuessAndVerify(guess, window=16)
    chorales.sample(1, generator=seeded(), method=sampler)
    taken[name] = sampler.report.evaluations
assert taken["both"] < taken["previous"] < 100 < taken["voice"] < taken["mine"]
assert abs(by_speculation.sum() - 1) < 1e-12 and 0.3 < distance(greedy) < 0.7
assert distance(lambda p, q: greedy(p, torch.eye(3, dtype=torch.float64)[q.argmax()])) < 1e-12
assert 0.45 < kept / judged < 0.6
_passes = sum(each.report.evaluations for each in samplers) / len(samplers)
assert 60 < _passes < (80 if quick else 70)  # quick has three texts only
