# The numbers that the text of lesson 4.1 states; run after its last cell.
assert [round(100 * share) for share in sorted(black.tolist())] == [50, 59, 60, 68]
assert round(chance[0, 1, 0, 1]) == 54 and counts[0, 1, 0, 1] == 5
assert [round(chance[x] / counts[x]) for x in [(1, 0, 1, 0), (0, 1, 0, 1)]] == [5, 11]
assert all(counts[x] > chance[x] for x in [(1, 1, 1, 1), (0, 1, 1, 0)])
assert counts[1, 0, 0, 1] > 2 * chance[1, 0, 0, 1]
assert do_factors_change and not does_product_change
assert round(float(mass), 2) == 1.49
assert abs(armod.total_probability(untrained) - 1) < 1e-5
# the answers to "your turn"
_third = probability({0: 0, 2: 1, 3: 0}) / probability({0: 0, 3: 0})
_among = pixels[(pixels[:, 0] == 0) & (pixels[:, 3] == 0), 2]
assert _third == Fraction(int(_among.sum()), len(_among))
assert torch.allclose(untrained.conditionals(x).log_prob(x.float()).sum(1), untrained.log_prob(x))
assert unseen == 1 and cost == math.inf
assert sum(parameter.numel() for parameter in networks.parameters()) == 712
assert abs(receipt.nats - 3.14) < 0.05 and abs(armod.total_probability(networks) - 1) < 1e-5
assert round(nats["independent pixels"], 2) == 3.42 and round(nats["smoothed table"], 2) == 3.16
assert abs(receipt.nats - nats["smoothed table"]) < receipt.standard_error and len(table.codes) == 45
assert abs(means[0] - means[1]) < 0.06 and apart > 0.1 and by_chance > 0.1 and abs(means[2] - means[0]) < 0.06
assert seen == 5 and abs(digit_receipt.nats - 17.2) < (2 if quick else 0.4)
assert round(digit_nats["independent pixels"], 1) == 25.3 and round(digit_nats["counted n-gram"], 1) == 22.3
assert [list(count.values()) for count in counts_of.values()] == [[D, D, D * D] for D in (8, 16, 32, 64)]
assert seconds[64] > 3 * seconds[8]
assert costs["a network each"] == [16 * D * (D + 1) // 2 + 17 * D for D in sizes] and round(growth) == 4
big = num_parameters(armod.MADE((784,), [500], likelihood=bernoulli))
assert round(big / 1e6, 1) == 0.8 and round((500 * 784 * 785 / 2 + 784 * 501) / 1e6) == 154
