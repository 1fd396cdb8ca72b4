"""The voice: plans follow the text and its knobs, sounds follow the plan, and errors are one sentence."""

from __future__ import annotations

import math
import time

import pytest
import torch

import armod
from armod import speech
from armod.data.sets.prompts import recordings
from armod.sound import HOP, NUM_BANDS, decode, features, mel, pitch
from armod.speech import (
    Acoustic,
    Durations,
    describe_frames,
    describe_phones,
    draw_sounds,
    phone_numbers,
    phones,
    speak,
    voice,
    words_by_bayes,
)
from armod.speech.fitting import acoustic_loss, acoustic_pairs, band_error, duration_loss, fit_regressor
from armod.speech.recipes import NAMES, build, load_model, read_recipe, receipt_of
from armod.speech.recogniser import stretched, word_log_probs
from tests.makers import seeded


def held_out(word: str):
    return next(one for one in recordings("test") if one.text == word)


# ---- what the networks are told


def test_frames_are_described_by_hand() -> None:
    told = describe_frames([0, 5, 9], [1, 4, 2])
    assert told.shape == (124, 7)
    before, this, after = told[:120].unflatten(0, (3, 40)).argmax(1).tolist()
    assert this == [0, 5, 5, 5, 5, 9, 9]
    assert before == [0, 0, 0, 0, 0, 5, 5] and after == [5, 9, 9, 9, 9, 0, 0]
    assert told[120].tolist() == [0.5, 0.125, 0.375, 0.625, 0.875, 0.25, 0.75]
    torch.testing.assert_close(told[121, [0, 1, 5]], (torch.tensor([1, 4, 2]) / 10).log())
    torch.testing.assert_close(told[122] + told[123], torch.full((7,), 0.06))


def test_phones_are_described_by_hand() -> None:
    told = describe_phones([0, 3, 7, 0])
    around = told[:, :200].unflatten(1, (5, 40)).argmax(2)
    assert around[1].tolist() == [0, 0, 3, 7, 0] and around[2].tolist() == [0, 3, 7, 0, 0]
    assert told[:, 200].tolist() == [1, 1, 0, 0] and told[:, 201].tolist() == [0, 0, 1, 1]


# ---- plans


def test_a_longer_text_takes_longer() -> None:
    lengths = [
        sum(voice().plan(text).frames) for text in ("six", "sixty six", "sixty six thousand sixty six")
    ]
    assert lengths[0] < lengths[1] < lengths[2]


def test_speed_and_pitch_are_knobs() -> None:
    usual, fast, high = (voice().plan("seven", **knobs) for knobs in ({}, {"speed": 2.0}, {"pitch": 1.5}))
    assert sum(fast.frames) == pytest.approx(sum(usual.frames) / 2, abs=len(usual.frames))
    assert usual.frames == high.frames and min(fast.frames) >= 1
    voiced = usual.features[27] > 0
    assert torch.equal(usual.features[:26], high.features[:26])
    torch.testing.assert_close(
        (high.features - usual.features)[26][voiced], torch.full((int(voiced.sum()),), 1.5).log2()
    )
    assert not high.features[26][~voiced].any()


def test_the_pitch_knob_is_heard() -> None:
    """In the mean of six words: the bands keep the voice's own pitch, so it is heard in part, and not in every word alike."""
    spoken = ("nine", "monday", "seven", "one", "lima", "zero")
    plans = [voice().plan(word, pitch=factor) for factor in (0.8, 1.3) for word in spoken]
    waves = voice().sound([plan.features for plan in plans], generator=seeded())
    found = [float(hertz[voiced].median().log()) for hertz, voiced in map(pitch, waves)]
    heard = (sum(found[6:]) - sum(found[:6])) / 6
    assert heard > math.log(1.15)
    assert heard / math.log(1.3 / 0.8) == pytest.approx(
        speech.PITCH_FOLLOWED, abs=0.07
    )  # as the docs and the lab say


@pytest.mark.parametrize("speed", [0.25, 4.0])
def test_every_phone_keeps_a_frame(speed: float) -> None:
    plan = voice().plan("press one, please", speed=speed)
    assert min(plan.frames) >= 1 and plan.features.shape == (28, sum(plan.frames))


def test_a_plan_is_about_what_was_recorded() -> None:
    """Wrong: features of another word, or bands in another scale."""
    word = held_out("seven")
    measured = features(decode(word.levels))

    def error(text: str) -> float:
        numbers = phone_numbers(phones(text))
        frames = stretched(voice().durations.frames(numbers), measured.shape[1])
        predicted = voice().acoustic.features(describe_frames(numbers, frames))
        return (predicted - measured)[:NUM_BANDS].abs().mean().item()

    assert error("seven") < min(error(other) for other in ("october", "ten", "yankee", "zulu"))


# ---- sounds


def test_what_is_said_is_the_same_for_the_same_noise() -> None:
    first, again, other = (speak("two", generator=seeded(seed)) for seed in (0, 0, 1))
    assert torch.equal(first, again) and not torch.equal(first, other)
    assert len(first) == len(other) == HOP * sum(voice().plan("two").frames)
    assert first.abs().max() <= 1 and first.square().mean().sqrt() > 0.02


def test_several_sounds_at_once_have_their_own_lengths() -> None:
    plans = [voice().plan(word) for word in ("two", "november")]
    sounds = voice().sound([plan.features for plan in plans], generator=seeded())
    assert [len(sound) for sound in sounds] == [HOP * sum(plan.frames) for plan in plans]
    assert voice().sound([]) == []


def test_a_copy_is_nearer_to_its_original_than_to_another_word() -> None:
    words = [held_out(word) for word in ("seven", "october", "golf")]
    waves = [decode(word.levels) for word in words]
    copies = draw_sounds(load_model("vocoder"), [features(wave) for wave in waves], generator=seeded())

    def distance(one: torch.Tensor, other: torch.Tensor) -> float:
        length = min(len(one), len(other))
        return (mel(one[:length]) - mel(other[:length])).square().mean(0).sqrt().mean().item()

    for number, copy in enumerate(copies):
        own, *others = (distance(copy, waves[(number + step) % 3]) for step in range(3))
        assert own * 1.7 < min(others)


def test_one_word_comes_quickly() -> None:
    speak("two", generator=seeded())  # loads the weights
    begin = time.process_time()
    speak("seven", generator=seeded())
    assert time.process_time() - begin < 1.6  # 0.8 on a quiet machine


# ---- the synthesiser as a recogniser


def test_it_recognises_what_it_would_say() -> None:
    words = ["seven", "october", "golf"]
    assert words_by_bayes([held_out(word).levels for word in words], words) == words
    probable = word_log_probs(held_out("seven").levels, ["seven"])
    context = voice().acoustic.features(
        describe_frames(
            numbers := phone_numbers(phones("seven")),
            stretched(voice().durations.frames(numbers), len(held_out("seven").levels) // HOP),
        )
    )
    torch.testing.assert_close(
        probable, voice().vocoder.log_prob(held_out("seven").levels[None], context[None])
    )


@pytest.mark.parametrize(
    ("frames", "total"), [([1], 1), ([1, 1, 1], 3), ([1, 50, 1], 4), ([9, 1, 1], 5), ([3, 4], 700)]
)
def test_stretched(frames: list[int], total: int) -> None:
    found = stretched(frames, total)
    assert sum(found) == total and min(found) >= 1 and len(found) == len(frames)
    with pytest.raises(ValueError, match="phones don't fit into"):
        stretched(frames, len(frames) - 1)


# ---- weights


@pytest.mark.parametrize("name", NAMES)
def test_every_recipe_has_weights_with_a_receipt(name: str) -> None:
    model, receipt = load_model(name), receipt_of(name)
    assert not model.training
    assert receipt["parameters"] == sum(one.numel() for one in model.parameters())
    if "wrong" in receipt:
        assert receipt["bits"] < receipt["wrong"] - 0.2


def test_the_receipts_tell_the_story() -> None:
    bits = {name: receipt_of(name)["bits"] for name in ("vocoder", "direct", "babble") if name in NAMES}
    assert list(bits.values()) == sorted(bits.values())
    assert receipt_of("durations")["log_duration"] <= 0.45


def test_the_vocoder_can_be_opened_without_the_recipe() -> None:
    path = armod.speech.recipes.SHIPPED / "vocoder.safetensors"
    model = armod.load(path)
    assert isinstance(model, armod.Conditional) and model.model.context_hop == HOP
    context = torch.rand(1, 28, 3)
    drawn = [
        each.sample(1, context, length=240, generator=seeded()) for each in (model, load_model("vocoder"))
    ]
    assert torch.equal(*drawn)


def test_regressors_learn_what_they_are_shown() -> None:
    pairs = acoustic_pairs("test")[:4]
    model = Acoustic(8, 4, dropout=0.0)
    before = acoustic_loss(model, pairs).item(), band_error(model, pairs)
    fit_regressor(model, pairs, steps=25, batch_size=2)
    assert acoustic_loss(model, pairs).item() < 0.8 * before[0] and band_error(model, pairs) < before[1]
    again = Acoustic(8, 4, dropout=0.0)
    fit_regressor(again, pairs, steps=25, batch_size=2)
    assert all(torch.equal(a, b) for a, b in zip(model.parameters(), again.parameters(), strict=True))
    durations = Durations(4)
    told = [(describe_phones([0, 4, 0]).T, torch.tensor([1.0, 2.0, 3.0]))]
    fit_regressor(durations, told, steps=300, batch_size=1, learning_rate=0.03)
    assert duration_loss(durations.eval(), told).item() < 0.05


def test_padding_changes_nothing() -> None:
    short, long = (torch.randn(124, length, generator=seeded(length)) for length in (3, 9))
    due = [torch.rand(28, told.shape[1], generator=seeded(1)) for told in (short, long)]
    model = lambda told: torch.zeros(len(told), 28, told.shape[2])  # noqa: E731
    both = band_error(model, [(short, due[0]), (long, due[1])])
    alone = [band_error(model, [pair]) for pair in ((short, due[0]), (long, due[1]))]
    assert both == pytest.approx((3 * alone[0] + 9 * alone[1]) / 12, rel=1e-5)


# ---- bad calls


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: speak("press blorb"), "does not know 'blorb'"),
        (lambda: speak(""), "There is no word to speak"),
        (lambda: speak("two", speed=0), "speed is a number from 0.25 to 4, not 0"),
        (lambda: speak("two", pitch="high"), "pitch is a number from 0.25 to 4"),
        (lambda: speech.told("nothing"), "told of 'mel' or 'phones', not of 'nothing'"),
        (lambda: load_model("tenor"), "There is no recipe 'tenor' of a voice: choose one of"),
        (lambda: build("tenor"), "There is no recipe 'tenor'"),
        (lambda: read_recipe(3), "There is no recipe 3"),
        (lambda: word_log_probs(torch.zeros(800), ["two"], "babble"), "model is 'vocoder' or 'direct'"),
        (lambda: word_log_probs(torch.zeros(80), ["two"]), "phones don't fit into 1 frames"),
    ],
)
def test_bad_calls_are_one_sentence(call, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()
