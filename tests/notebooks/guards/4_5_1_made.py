# The numbers that the text of lesson 4.5.1 states; run after its last cell.
assert mass > 7.9
assert quick or ladder["NADE"] + 0.5 < min(ladder["FVSBN"], ladder["counts of 10 neighbours"])
assert quick or abs(ladder["FVSBN"] - ladder["counts of 10 neighbours"]) < 0.7
assert due in (1, 3, 6, 10) and "not yet" in judge_triangle(torch.ones(5, 5).tril())
assert judge_triangle(torch.ones(5, 5).tril(-1)) == "right"
assert alone > 20 * together
assert [round(value) for value in counted.values()] == [207, 137, 108, 88, 83, 77]
assert counted[0] - counted[4] > 100 and far > 180
assert (
    round(num_weights / 1000) == 785 and round(receipt.nats) == 97 and round(receipt.bits_per_dim, 2) == 0.18
)
assert receipt.nats - 11 < nats["FVSBN"] < receipt.nats - 9 and 19 < receipt.nats - counted[10] < 21.5
assert samples.equal(by_method["naive"]) and slow > 40 * fast
assert surprise["by the backwards MADE"] + 20 < surprise["lower half kept"]
assert (
    loss[1] < loss[0] / 4
    and abs(loss[0] - 17.2) < (1.5 if quick else 0.5)
    and broken[1].leaks
    and not broken[0].leaks
)
assert drawn[1].sum() < drawn[0].sum() / 2
assert total[0] > 1.02 and abs(total[1] - 1) < 1e-4 and abs(armod.total_probability(several) - 1) < 1e-4
assert (
    both[1] < both[0]
    and (averaged_logits(shared, everything) - shared.log_prob(everything)).abs().max() > 0.01
)
assert (
    0.4 < ends["raster"] - ends["8 orderings"] < 0.6
    and ends["8 orderings"] < ends["8 rasters"] < ends["raster"]
)
assert mean(trained_out("digits8", "one ordering, 8 masks")) > ends["raster"]
assert min(each for each in lines["8 orderings, a member"] if each == each) > ends["raster"] + 0.3
_eight = {
    name: trained_out("digits8", name)
    for name in ("FVSBN", "NADE", "NADE, weights apart", "raster, 2,400 units")
}
assert [round(mean(each), 1) for each in _eight.values()] == [18.2, 16.6, 17.2, 16.7]
assert min(map(len, _eight.values())) == 3 and min(_eight["FVSBN"]) > max(_eight["NADE, weights apart"])
assert min(_eight["NADE, weights apart"]) > max(_eight["NADE"]) + 0.5
assert 0.1 < mean(_eight["raster, 2,400 units"]) - mean(_eight["NADE"]) < 0.2
assert 0.4 < ends["raster"] - mean(_eight["NADE"]) < 0.6
assert 11.5 < gain < 13.5 and abs(by_order["every second row"] - by_order["raster"]) < 1
assert max(by_order[name] for name in ("subscale", "coarse to fine", "random")) < by_order["raster"] - 10
