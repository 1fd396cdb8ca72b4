# The numbers that the text of lesson 4.3 states; run after its last cell.
assert likelihood == 0 and round(nats(share, share, 1).item(), 3) == -0.685
assert 0.21 < alike < 0.32 and torch.func.grad(lambda p: 3 * torch.log(p))(torch.tensor(1.0)) == 3
assert all(abs(scatter[size] / width[size] - 1) < 0.4 for size in scatter) and round(narrower) == 3
halves = {name: places[(line > 0.5) & (line <= 1)] for name, line in peaks.items()}
assert halves["10 flips"][0] < 0.4 < 0.7 < halves["10 flips"][-1]
assert halves["100 flips"][0] > 0.5 and halves["100 flips"][-1] < 0.65
assert flips_needed(0.5, 0.05) is ... and slope_by_logit(theta, 9, 10) is ...

assert round(entropy, 2) == 4.28 and round(0.9 * math.log2(1 / 0.9) + 0.1 * math.log2(10), 3) == 0.469
assert round(above["independent bits"], 2) == 3.72 and above["sticky bits"] < 1e-12
assert [round(marks[name][0][0], 2) for name in above] == [0.5, 0.9]
assert table_seen < entropy - 0.2 and table_new > entropy + 0.4 > sticky_new > entropy - 0.1
assert abs(stay - 0.9) < 0.06 and table_seen - floor < 0.1 and floor < entropy
assert on_first > 0.99 and forward[10:21].sum() > 0.3 and heaps[13:18].sum() < 0.02
assert kl(heaps, forward) < kl(heaps, reverse) and kl(reverse, heaps) < kl(forward, heaps)

assert is_there == [False, True] and all(
    found[s, "logit", 4.0].startswith("there") for s in (0.9, 0.99, 0.999)
)
steps = {way: int(found[0.999, *way].split()[-1]) for way in (("p", 0.001), ("logit", 4.0))}
assert found[0.999, "p", 0.001].startswith("there") and steps["p", 0.001] < steps["logit", 4.0]
assert found[0.9, "p", 0.1].startswith("there") and not found[0.999, "p", 0.1].startswith("there")

assert round(alone, 2) == 0.98 and round(four, 2) == 0.41
assert all(0.34 < end < 0.39 for end in ends["24 near"])
assert all(four < end < 0.47 for end in ends["all 407"])
assert all(run[0, -1] < 0.3 and run[1, -1] - run[0, -1] > 0.12 for run in runs["all 407"])
assert all(abs(run[1, -1] - run[0, -1]) < 0.03 for run in runs["24 near"])
assert 407 * 32 + 32 + 32 + 1 == 13_089

from armod.course.labs.surface.facts import SurfaceFacts  # noqa: E402

for data, (*_, end) in (
    (points, path),
    (stray, stray_path),
):  # the lab finds the same maximiser by Newton's method
    assert torch.allclose(
        torch.tensor(end), torch.tensor(SurfaceFacts(tuple(data.tolist()), 0, 0).maximiser), atol=1e-5
    )
assert all(0.34 < end < 0.39 for end in ends["24 near, 503 units"]) and 24 * 503 + 503 + 503 + 1 == 13_079
assert round(lost, 2) == 0.32 and far == -math.inf
assert round(stray_mean - mean, 2) == 0.41 and round(stray_scale / scale, 1) == 1.7
assert abs((points * torch.arange(16)).sum() / 9 - (stray * torch.arange(16)).sum() / 10 + 0.8) < 1e-6
assert stray_path[10][1] > stray_path[0][1]
two = (0, 1, 3, 1, 0, 0, 0, 0, 0, 0, 0, 1, 3, 2, 0, 0)
assert 2 < SurfaceFacts(two, 0, 0).maximiser[0] < 12 and SurfaceFacts(two, 0, 0).maximiser[1] > 3

from armod.course.labs.mixture.picture import MixtureFacts  # noqa: E402

by_hand = MixtureFacts(((-1.0, 0.5, 4), (32.0, 0.5, 4), (18.0, 7.0, 5)), 32, tuple(coarse.tolist()))
assert by_hand.bits - by_hand.entropy < 0.1
categorical, logistics = bits.values()
assert wins == [] and round(logistics[3], 1) == 5.3 and logistics[0] < 5.5
assert logistics[3] + 0.005 < categorical[3] < logistics[3] + 0.1 < categorical[1]

from armod.course.labs.kl.facts import KLFacts  # noqa: E402

assert [KLFacts.at_least(1, 40, distance).met for distance in (10, 11)] == [[True, True], [True, False]]
