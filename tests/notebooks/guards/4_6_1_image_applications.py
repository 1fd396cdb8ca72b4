# The numbers that the text of lesson 4.6.1 states; run after its last cell.
# digits: the smudge saves about a quarter; independent pixels lose by far, and win by squared error
assert with_input.mean() < without.mean() - 12
assert 0.18 < saved / without.mean() < 0.28
assert alone.mean() > without.mean() + 25
assert nearest == "blur" and errors["blur"] < 0.9 * min(errors["dust"], errors["one answer"])
# what could be saved, and how far answers agree with their smudge
assert round(16 * math.log(50)) == 63 and 13 < saved < 16 and 0.2 < agree < 0.8
# photographs
assert 10 < stated.nats_without_context - stated.nats < 14 and 2450 < stated.nats < 2550
# colours: 8 x 8 pixels are enough, the first pixel decides, the grey buys little
assert restored[4] > 32 > 31 > restored[8]
assert first > 1.25 * second
assert cost.mean() < untold_cost - 12 < histogram.mean() - 100
# hypotheses and their mean
assert rows["best of 8 answers"][0] < 0.65 * rows["regressor"][0] or quick
assert quick or abs(rows["mean of 8 answers"][0] / rows["regressor"][0] - 1) < 0.15
assert rows["one answer"][0] > 1.1 * rows["regressor"][0]
assert abs(rows["one answer"][1] / rows["the truth"][1] - 1) < 0.15
# the encoder that shouts
assert sizes["as it is"][-1] > 20 * sizes["divided by its size"][-1] and sizes["as it is"][0] < 0.2
assert quick or (bits["as it is"] > 3.6 and bits["divided by its size"] < 2.6)
# completion
assert worse > 3 and won > (0 if quick else 2)
assert abs(estimate - exact) < 0.1
# a hidden bottom is exact, the top and the left half gain
assert abs(blind["bottom"] - weighed["bottom"]) < 1e-3
assert quick or min(blind[side] - weighed[side] for side in ("top", "left")) > 2
