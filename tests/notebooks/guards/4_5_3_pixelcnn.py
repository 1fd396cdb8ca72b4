# The numbers that the text of lesson 4.5.3 states; run after its last cell.
assert [int(build_mask(size, each).sum()) for size in (1, 3, 5) for each in "AB"] == [0, 1, 4, 5, 12, 13]
assert green_reads_green == {"mask A": False, "mask B": True}
_library, _own = armod.check_autoregressive(reference), armod.check_autoregressive(mine)
assert (len(_library.blind_spot), len(_library.out_of_reach)) == (179, 696) and not _library.leaks
assert str(_own).endswith("; 875 earlier pairs unseen.")
# the blind spot
assert by_depth == {2: 1, 3: 3, 4: 6, 5: 10, 6: 15}
assert bits[1, 4] < 18 and min(bits[2, 4], bits[2, 8]) > 63
# mask B first
with torch.no_grad():
    _copied = [(draw(network, page) == page).float().mean() for page in pages.values()]
assert loss["B"] < 1 < loss["A"] / 10 and min(_copied) > 0.97
assert drawn["real"].shape[1:] == (1, 28, 28)
assert armod.check_autoregressive(network).leaks == {(pixel, pixel) for pixel in range(64)}
# counts, and the trained network
assert ours.nats < (115 if quick else 96) and round(made) == 97
assert 240 < armod.pretrained.receipt("made-digits28").num_parameters / ours.num_parameters < 260
assert quick or in_nats[1][0] < made + 5
_of = dict(zip(few, zip(common, alone, leaning, strict=False), strict=True))
assert all(mine < shared for n, (shared, mine, _) in _of.items() if n <= 8)
assert [round(each) for each in _of[8][:2]] == [89, 82] and _of[8][1] < _of[12][1] > _of[12][0]
assert round(_of[12][2], 1) == 75.5 == round(min(leaning), 1)
assert 784 * 2**12 > 3.2e6 and nats["PixelCNN"] - min(leaning) > 1
assert round(nats["PixelCNN"]) == 77 and round(nats["GRU"]) == 84 and round(nats["independent pixels"]) == 207
assert quick or (round(min(common) - nats["PixelCNN"]) == 3 and near[common.index(min(common))] == 18)
assert min(common) < nats["GRU"] < made
_receipt = armod.pretrained.receipt("pixelcnn-digits28")
assert _receipt.num_parameters == 19_681 and round(_receipt.bits_per_dim, 2) == 0.14
assert 39 < armod.pretrained.receipt("made-digits28").num_parameters / 19_681 < 41
assert touching["real"] < 2 and touching["made"] < 2 and touching["pixelcnn"] > 70
# completions and fields
_by_column = armod.PixelCNN((1, 4, 4), 4, 1, likelihood=bernoulli, ordering=armod.orderings.column((1, 4, 4)))
assert armod.check_autoregressive(_by_column).is_autoregressive
assert sorted(_by_column.ordering[:8].tolist()) == [0, 1, 4, 5, 8, 9, 12, 13]  # the left half comes first
assert not changed["left"] and not changed["lower"] and len(given) == 80
assert counts[2] == (116, 574) and not (fields & ~earlier).any()
