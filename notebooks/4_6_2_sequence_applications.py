# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 4.6.2 Sound, notes, letters: what must be told
#
# **What must a model be told, and what will the past tell it?**
#
# After this lesson you can
# - turn a text into sound with a WaveNet that is told what to say, and name the steps in between
# - say how much a text can save in bits, and why that number does not tell whether speech can be understood
# - use a model that speaks as a recogniser, by Bayes' rule
# - choose a form of the data in which the past says more, and harmonise a melody of your own
# - judge samples against real music and against music that was put together by chance, and state what a rule costs
# - compare a GPT with counted tables, and say what temperature does to text and to its likelihood
#
# **Minutes** 80 · **Needs** chain rule; dilation; mu-law levels; recurrent networks · **Teaches** speech synthesis; vocoder; harmonisation; byte pairs; top-k and top-p

# %% [markdown]
# The cell below holds the lesson's two parameters. `seed` changes every random choice; `quick` looks at fewer examples.

# %% tags=["parameters"]
seed = 0
quick = False

# %%
import math
from collections import Counter
from itertools import islice, pairwise

import torch
from IPython.display import display

import armod
from armod import music, sampling, speech
from armod.course.labs import (
    choices,
    compose_lab,
    curve,
    lesson_quiz,
    number,
    predict,
    predictions,
    sound_player,
    speak_lab,
)
from armod.course.labs.text.lab import text_lab
from armod.data import notes
from armod.data.sets import plays, prompts
from armod.data.sets import speech as read_aloud
from armod.data.text import BytePairs, encode
from armod.figures.bars import likelihood_bars
from armod.figures.sound import spectrograms
from armod.mu_law import mu_law_decode
from armod.speech.recogniser import stretched

torch.manual_seed(seed)
torch.set_num_threads(1)  # small networks: a second thread costs more than it saves


def seeded(offset=0):
    return torch.Generator().manual_seed(seed + offset)


# %% [markdown]
# ## 1. One formula, three applications
#
# All models of this lesson have the same form: something that they are told, the **context** $c$, and the past:
#
# $$p(x \mid c) = \prod_t p(x_t \mid x_{<t}, c)$$
#
# In speech synthesis $c$ is a text and $x$ is sound. In music $c$ is a melody and $x$ is the three voices below it. In a GPT there is
# no $c$: what it is told, the prompt, *is* the past. In each section we tell the model the right thing, a wrong thing, and nothing, and compare likelihoods.
#
# One warning. A likelihood says how well a model *foresees*. It does not say whether its speech can be understood, or whether its harmony
# is good. For that we need judges.

# %% [markdown]
# ## 2. From text to sound
#
# Lesson 4.5.2 ended with a WaveNet that babbles: nobody told it what to say. Now we do. The data
# set `prompts` has eight minutes of one real voice, which guides callers through a telephone system. Some families of words are kept for the test: no
# model of this lesson has heard *seven*, *seventeen* or *seventy*.
#
# Eight minutes are not enough to learn how English is spelt, so we go in steps. A table of pronunciations turns words into
# **phones**. A small network predicts how many hundredths of a second each phone lasts. A second one predicts the power in 26 bands
# of frequency, and the pitch, for each hundredth. That is a plan: some thirty numbers for eighty samples, and no sound yet.
#
# The last step is the work of a WaveNet that is told the plan, a **vocoder**. We let it speak twice: from the plan of the *text*, and from a
# measurement of the *recording*, which shows what is lost by the vocoder alone.

# %% tags=["nbval-ignore-output"]
recording = {each.text: each for each in prompts.recordings("test")}
said, voice = recording["seven"], speech.voice()
plan = voice.plan("seven")
print("phone     real  planned (hundredths of a second)")
for phone, real, planned in zip(plan.phones, said.frames, plan.frames, strict=True):
    print(f"{speech.PHONES[phone]:8}{real:6}{planned:9}")

real = speech.decode(said.levels)
told = {"from text": plan.features, "from the recording": speech.features(real)}
sounds = voice.sound([*told.values()], generator=seeded())
heard = {"the recording": real} | dict(zip(told, sounds, strict=True))
display(sound_player(heard, 8000))
spectrograms(heard, 8000, title="Three ways to say seven, two of them drawn by a WaveNet")

# %% [markdown]
# `SIL` is silence. In the pictures time runs to the right, frequency upwards, and dark is loud. In all three you find the hiss of the *s*
# high up at the beginning, and the bands of the vowel after it.
#
# **Your turn.** Let it say something else: type a text and press Enter. It knows some 700 words: numbers, days, months, and what
# telephones say. `speed` and `pitch` are knobs that we have for nothing: both are part of the plan. (The voice follows `pitch` in part
# only. It asks the vocoder for another pitch, and leaves the bands as they were.)
#
# 1. Say "press two" at half again the speed. Which phones become shorter, and does the voice become higher?
# 2. Type a word that no telephone says. Who refuses it, and why is it not the WaveNet?

# %% tags=["nbval-ignore-output"]
texts = ["press two"] if quick else ["press two", "thank you"]
speak_lab(texts, speeds=(100, 150), pitches=(75, 100, 150), seed=seed, live=True)

# %% [markdown]
# Our vocoder has learnt from one voice. What if it is told the bands and the pitch of *another*? Here is the reader of lesson 4.5.2. We
# measure how far the bands of the copy are from those of the sentence, in decibels, and as a control from those of another sentence.

# %% tags=["nbval-ignore-output"]
spoken = [read_aloud.utterances()[name][:11_200] for name in ("0880", "0930")]  # of two sentences
original, other = (speech.levelled(mu_law_decode(each)).clamp(-1, 1) for each in spoken)
(copy,) = voice.sound([speech.features(original)], generator=seeded(2))
apart = [speech.spectral_distance(copy, each) for each in (original, other)]
assert apart[0] < apart[1] - 3
print("dB from the sentence that it copies, and from the other: {:.1f}, {:.1f}".format(*apart))
sound_player({"the reader": original, "copied by our vocoder": copy}, 8000)

# %% [markdown]
# Over all 25 seconds of this reader a copy is 7.0 dB away, and 14.8 dB from another sentence. Of its own voice it is 4.1 dB, and 13.3 dB from
# another word, as far as recordings of two words are apart. So a stranger is copied worse, but the copy is clearly the same sentence, and nobody trained for it.
#
# ## 3. How much does it save to know the text?
#
# There is a simpler model: a WaveNet that is told the phones themselves and how far each has come. The text
# is its context, and it has a likelihood $p(\text{sound} \mid \text{text})$. Tell it the right word, a wrong word, or
# *nothing*: if each of $N$ words is equally likely, the sum rule gives
#
# $$p(x) = \frac 1 N \sum_w p(x \mid w)$$
#
# Here are recordings of words that no model has heard. The predicted durations are stretched to the length of the recording. Then we average
# over the words, or over the wrong ones.


# %%
direct = speech.load_model("direct")


def log_prob_of(levels, word):
    phones = speech.phone_numbers(speech.phones(word))
    frames = stretched(voice.durations.frames(phones), len(levels) // 80)
    with torch.no_grad():
        return direct.log_prob(levels[None], speech.describe_frames(phones, frames)[None]).double()


words = ["seven", "october", "delta", "golf", "thursday", "tango", "yankee", "billion"][: 4 if quick else 8]
levels = [recording[word].levels for word in words]
log_prob = torch.stack([torch.cat([log_prob_of(each, word) for word in words]) for each in levels])
# our six lines and the library's
assert torch.allclose(log_prob[0].float(), speech.word_log_probs(levels[0], words, "direct"), rtol=1e-4)

to_bits = -1 / (sum(map(len, levels)) * math.log(2))
right = float(log_prob.diag().sum() * to_bits)
unknown = float((log_prob.logsumexp(1) - math.log(len(words))).sum() * to_bits)
wrong = float((log_prob.sum(1) - log_prob.diag()).sum() / (len(words) - 1) * to_bits)
predict(
    f"Told the right word, the model needs {right:.2f} bits for a sample. How much more does it need if it isn't told which of the "
    f"{len(words)} words it is?",
    choices(
        {"about a bit a sample": 2, "about a tenth of a bit": 1, "less than a hundredth of a bit": 0},
        answer=sum(unknown - right > limit for limit in (0.01, 0.5)),
    ),
    reveal=f"right word: {right:.4f} bits a sample\n\nword unknown: {unknown:.4f}\n\nwrong word: {wrong:.4f}",
)

# %% [markdown]
# <details><summary>What happened</summary>
#
# Nothing that matters, with any model: one word of eight is worth three bits at most, spread over some 7,000
# samples. (Here it even needs less: the mean leans on the words that fit best, right or wrong.)
#
# A *wrong* word is another matter. It costs as much as the model believes in what it is told, at every sample.
#
# So the text saves nothing in bits, and yet it is everything for the ear.
#
# </details>
#
# The same table of numbers holds a better judge. By Bayes' rule the most probable word is the one under which the sound is most probable. The model that speaks is a
# **recogniser**, without any further training.

# %%
named = log_prob.argmax(1)
hits = int((named == torch.arange(len(words))).sum())
predict(
    f"Each of {len(words)} recordings is given to the word under which it is most probable. How many are right? (Chance: 1.)",
    number(hits, low=0, high=len(words), unit="recordings"),
    reveal="\n\n".join(f"{word}: heard as {words[k]}" for word, k in zip(words, named.tolist(), strict=True)),
)

# %% [markdown]
# <details><summary>What happened</summary>
#
# Bayes' rule says $p(w \mid x) = p(x \mid w)\,p(w) / p(x)$, with equal $p(w)$. It also *proves* that the model listens: one
# that ignores its context would give every word the same probability.
#
# It is a friendly judge, though: it has learnt from the same voice.
#
# </details>
#
# Whether speech can be understood must be asked outside. So pocketsphinx, a recogniser made of other voices, chose one of 80 words (chance: 1.3 %). Each model said every word with three seeds (twelve where all comes from text), at temperature 0.8.
#
# |heard|80 words|never learnt|
# |---|---|---|
# |recordings|90 %|100 %|
# |vocoder, all measured|78 %|87 %|
# |its *pitch* from text|78 %|87 %|
# |its *spectrum* from text|66 %|67 %|
# |all from text (section 2)|65 %|58 %|
# |direct model, all from text|39 %|48 %|
# |the same, told nothing (temperature 1)|1 %|0 %|
#
# The last line is the control of the direct model: the same WaveNet, trained equally long, that is told nothing. It needs 5.29 bits a sample
# in place of 5.22, and it babbles.
#
# From text alone two of three words are understood, and those that no model has heard nearly as often: the voice reads, it doesn't play
# recordings. We also see what each step loses. The WaveNet loses twelve points. The predicted pitch loses hardly any, and so do the predicted
# durations. The predicted spectrum loses twelve. It comes from a regressor, which says a *mean*, like the one that painted brown in lesson 4.6.1.
#
# And it must learn long enough. After 600 steps, in place of 2,000, the same regressor said 30 % with the recording's durations and 23 % from
# text alone (one training of each).
#
# ## 4. Music: what a hold should say
#
# Four voices sing in a chorale of Bach: soprano, alto, tenor and bass. A window has 64 sixteenth notes, four bars. In the **piano roll**
# each note is a bar as long as it sounds. The second roll is a control for later: each voice is Bach's, but the four come from
# four different chorales.

# %%
chorales, harmony = armod.data.load("chorales"), armod.data.load("harmony")
lower, soprano = (torch.as_tensor(each) for each in harmony.pairs("test"))
bach = music.Score.of_chorales(chorales.test)
shuffled = music.Score.of_chorales(music.shuffled_voices(chorales.test, generator=seeded()))
music.piano_roll(
    {"Bach": bach[0], "four voices of Bach": shuffled[0]},
    title="Voices that belong together, and voices that do not",
)

# %% [markdown]
# In the data set `chorales` a voice has 48 levels: rest, hold, and one for each of 46 pitches where a note begins. Suppose that a
# quarter note has just been held three times. What does a model that looks back three steps see? Hold, hold, hold. The pitch is gone.
#
# So we write it differently: each hold says *which* pitch is held. Now there are 93 levels, and the music is the same.
# Each form can be turned into the other, so their nats can be compared.

# %%
tenor = {"a hold is a hold": (chorales.train[:, 2], chorales.test[:, 2], 48)}
tenor["a hold says its pitch"] = (*(notes.held(each) for each in tenor["a hold is a hold"][:2]), 93)
assert notes.begun(tenor["a hold says its pitch"][1]).equal(tenor["a hold is a hold"][1])  # nothing is lost

counted = {
    name: -float(armod.NGram((64,), 2, num_levels=levels).fit(train).log_prob(test).mean())
    for name, (train, test, levels) in tenor.items()
}
predict(
    f"We count which level of the tenor follows which, and nothing else. With 48 levels a test window costs {counted['a hold is a hold']:.1f} nats. "
    "What does it cost if holds say their pitch?",
    number(counted["a hold says its pitch"], unit="nats", low=40, high=110),
    reveal=likelihood_bars(counted, unit="nats for the tenor of a window"),
)

# %% [markdown]
# <details><summary>What happened</summary>
#
# It is cheaper, although there are twice as many levels. Model and music are the same; only what the
# *past* says has changed. Whoever knows the last pitch knows much about the next.
#
# A network can remember a pitch through ten holds, but it must learn to. The form of the data is the
# cheapest thing that one can improve.
#
# </details>
#
# ## 5. Harmonise a melody
#
# A model that makes all four voices step by step can be given the soprano as known, and
# then it sees the soprano's *past*. A harmoniser wants to know where the melody is going. So ours has an encoder that reads the whole soprano, in both
# directions of time. A recurrent network then makes alto, tenor and bass step by step, and each step reads the last four values, so that no voice has to
# remember its own last note.
#
# Again we tell it the right thing, a wrong thing (the soprano of the next window), and nothing: the same network, trained equally long without a context.

# %%
harmoniser, four_voices = map(armod.load_pretrained, ("recurrent-harmony", "transformer-chorales"))
receipt = armod.pretrained.receipt("recurrent-harmony")
with torch.no_grad():
    given = -harmoniser.log_prob_per_variable(lower, soprano).sum(2)  # (windows, alto tenor bass)
    given_wrong = -harmoniser.log_prob(lower, soprano.roll(1, 0)).mean()
    past_only = -torch.cat([four_voices.log_prob_per_variable(x) for x in chorales.test.split(48)])[:, 1:]
nats = {
    "told another soprano": float(given_wrong),
    "told nothing": receipt.nats_without_context,
    "the soprano's past (Transformer)": float(past_only.sum((1, 2)).mean()),
    "told the whole soprano": float(given.sum(1).mean()),
}
predict(
    f"Without a soprano, alto, tenor and bass of a window cost {nats['told nothing']:.0f} nats. What do they cost the model that reads the whole soprano?",
    number(nats["told the whole soprano"], unit="nats", low=20, high=150),
    reveal=likelihood_bars(nats, unit="nats for alto, tenor and bass of a window"),
)

# %% [markdown]
# <details><summary>What happened</summary>
#
# Here a context saves a good part of all nats, very unlike the text of section 3: a melody says at every step what would fit it.
#
# Look at the top bar. A wrong melody is worse than none: the model believes what it is told.
#
# </details>
#
# **Three ways to be told.** Each is exact. All voices are made step by step, and the others know the soprano's *past*. Or it comes *first*:
# the same network in another ordering. Or an encoder reads the *whole*. Three networks of one size after 8 passes:
#
# |the soprano|nats for alto, tenor and bass|
# |---|---|
# |its past|106|
# |first|128|
# |whole, by the encoder|112|
#
# The second knows the whole melody, but from 64 to 253 steps back. Being in the past is not the same as being near. The encoder must be learnt, too,
# and so early it is behind the first. Ours learnt for 85 passes: this table does not say which is best in the end.
#
# **One harmony, every key.** Though all chorales were transposed at random, the network knows some keys better than
# others. So transpose melody and harmony by -6 to 6 semitones and average the *probabilities*, as with the orderings of lesson 4.5.1.

# %%
every_key = music.InEveryKey(harmoniser)
rows = slice(0, 96, 12 if quick else 4)
with torch.no_grad():
    averaged = -every_key.log_prob(lower[rows], soprano[rows])
own_key = given[rows].sum(1)
assert (averaged < own_key + math.log(13) + 1e-3).all()  # the own key is one of thirteen
predict(
    f"In its own key a window costs {own_key.mean():.1f} nats (some of the test windows). What does it cost if thirteen keys are averaged?",
    number(averaged.mean(), unit="nats", low=60, high=110, close=0.02),
    reveal=likelihood_bars(
        {"its own key": float(own_key.mean()), "thirteen keys": float(averaged.mean())},
        unit="nats for alto, tenor and bass of a window",
    ),
)

# %% [markdown]
# <details><summary>What happened</summary>
#
# A mean of thirteen probabilities is at least a thirteenth of the best of them: at most $\log 13 = 2.6$ nats more than
# the *best* key costs, which is often far below the usual one. On all test windows: 76.0 instead of 79.3 nats.
#
# </details>
#
# Now give it a melody that Bach never saw. A melody is a list of notes: the number of a key on the piano (60 is the middle C) and a length in sixteenths.

# %%
ode = [(64, 4), (64, 4), (65, 4), (67, 4), (67, 4), (65, 4), (64, 4), (62, 4)]
ode += [(60, 4), (60, 4), (62, 4), (64, 4), (64, 6), (62, 2), (62, 8)]
found = music.harmonise(ode, 2, generator=seeded())
print(found)
music.piano_roll({f"harmony {k + 1}": found.score[k] for k in range(2)}, title="One melody, two harmonies")

# %% [markdown]
# The upper line is the same in both rolls: there are many good answers, and the model draws one of them. You can hear them below.
#
# **Your turn.** Write a melody on the roll: press and drag, or use the keys. Where a kernel runs, it harmonises it.
# Write one with leaps of an octave, that no one would sing: how many nats does its harmony cost?

# %% tags=["nbval-ignore-output"]
melodies = {"Ode to Joy": ode, "a soprano of Bach": music.notes_of(bach[0])}
melodies["Frère Jacques"] = [(65, 4), (67, 4), (69, 4), (65, 4)] * 2 + [(69, 4), (70, 4), (72, 8)] * 2
compose_lab(melodies, seed=seed, live=True)

# %% [markdown]
# In Python it is `music.harmonise(notes)`: up to 64 sixteenths, within two octaves. A melody too high or too low
# is transposed and moved back.
#
# ## 6. A judge of harmony, and a rule
#
# Is its music good? Every student of harmony is examined by a few rules that can be counted. Do the
# voices of a beat form a **triad**? Do voices **cross**? And the famous one: two voices must not move in **parallel fifths** or octaves.
# A judge counts these, for the harmonies of all test melodies, for Bach, and for the voices of different chorales.


# %%
def judged(**options):
    drawn = harmoniser.sample(context=soprano, generator=seeded(), **options)
    score = music.Score.of(torch.cat([soprano[:, None], drawn.to(torch.uint8)], 1))
    return drawn, music.voice_leading(score)


verdicts = {"Bach": music.voice_leading(bach), "voices of different chorales": music.voice_leading(shuffled)}
drawn, verdicts["the model"] = judged()
fifths = {name: verdict.fifths for name, verdict in verdicts.items()}
predict(
    f"Of 1,000 pairs of moving voices, {fifths['Bach']:.1f} make parallel fifths in Bach, and {fifths['voices of different chorales']:.1f} if the voices "
    "come from different chorales. How many do in the model's harmonies?",
    number(fifths["the model"], low=0, high=60, close=0.3),
    reveal="\n\n".join(f"{name}: {verdict}" for name, verdict in verdicts.items()),
)

# %% [markdown]
# <details><summary>What happened</summary>
#
# Look at the triads first: far nearer to Bach than to chance. Then look at the fifths. The model breaks the rule many times as often as Bach does, and
# no less than chance (24 to 18 over three draws). Voices that belong together often move together, and chords hold many fifths. The likelihood does not tell. One has to count.
#
# </details>
#
# A rule that can be counted can also be kept. While the model draws, a **filter** looks at each next distribution, takes out the
# pitches that would make a parallel, and scales the others up to 1. What does that cost? Each time it pays $-\log$ of the probability that is left. Added up, that is the
# price of the rule in nats, and its mean is a divergence: KL(what is drawn ‖ the model).

# %%
rule = music.NoParallels(harmoniser.ordering, 64, soprano)
lawful, verdicts["the model, with the rule"] = judged(filter=rule)
with torch.no_grad():
    price = sampling.adjusted_log_prob(harmoniser, lawful, soprano, filter=rule) - harmoniser.log_prob(
        lawful, soprano
    )
assert verdicts["the model, with the rule"].fifths == verdicts["the model, with the rule"].octaves == 0
_, verdicts["the rule, temperature 0.6"] = judged(filter=rule, temperature=0.6)
assert price.min() > -1e-3  # a filter that only takes away never makes what is left less probable
predict(
    f"A window costs {nats['told the whole soprano']:.0f} nats. How many nats does the rule cost in a window?",
    number(price.mean(), unit="nats", low=0.1, high=100, log=True, close=0.2),
    reveal="\n\n".join(f"{name}: {verdict}" for name, verdict in verdicts.items()),
)

# %% [markdown]
# <details><summary>What happened</summary>
#
# A few nats of many, and all parallels are gone. Triads and crossings are hardly
# changed: a rule repairs what it speaks of, and nothing else. What does help them is a lower temperature (the last line). `harmonise` uses both.
#
# </details>
#
# ## 7. Letters: how far back should one look?
#
# A text has nothing but its past. How much of it is worth looking at? The data are plays of Shakespeare: nine to learn from, and *Hamlet* for the test.
#
# We begin with the strongest simple model, and count. After each past $h$ of $m$ symbols, how often came $x$? A long past was seen rarely, or never. So each count leans on the
# shorter past $h'$, as much as $h$ had different successors, $t(h)$ (**Witten-Bell smoothing**):
#
# $$p(x \mid h) = \frac{c(h, x) + t(h)\, p(x \mid h')}{c(h) + t(h)}$$


# %%
def count(train, test, num_levels, longest):  # p of each test symbol, for pasts of 0, 1, ... symbols
    p = torch.full(test.shape, 1 / num_levels, dtype=torch.float64)
    base, past, known, found = num_levels + 1, torch.zeros_like(train), torch.zeros_like(test), []

    def look(keys, counts, wanted):
        at = torch.searchsorted(keys, wanted).clamp(max=len(keys) - 1)
        return torch.where(keys[at] == wanted, counts[at], 0)

    for _ in range(longest + 1):  # a past is a number in base K + 1; 0 is "before the text"
        both, wanted = past * base + train + 1, known * base + test + 1
        seen, c = both.unique(return_counts=True)
        h, t = ((seen - 1) // base).unique(return_counts=True)
        total, kinds = look(*past.unique(return_counts=True), known), look(h, t, known)
        p = torch.where(total > 0, (look(seen, c, wanted) + kinds * p) / (total + kinds).clamp(min=1), p)
        found.append(p)
        past, known = (torch.cat([each.new_zeros(1), each[:-1]]) for each in (both, wanted))
    return found


# %% [markdown]
# On a small text the library's `NGram` gives the same probabilities, symbol by symbol.

# %%
texts = plays.read()
symbols = sorted(set("".join(texts.values())))
few, other = (encode(texts[split][:3000], symbols).long() for split in ("train", "test"))
trigram = armod.NGram((3000,), 3, num_levels=len(symbols)).fit(few[None])
assert torch.allclose(
    count(few, other, len(symbols), 2)[2].log(), trigram.log_prob_per_variable(other[None])[0]
)

train, test = (encode(texts[split], symbols).long() for split in ("train", "test"))
by_letters = [-float(p.log2().mean()) for p in count(train, test, len(symbols), 7)]
predict(
    "Tables look back at 0 to 7 characters. Draw their bits per character on Hamlet.",
    curve(
        range(8), by_letters, low=0, high=5, x_label="characters of the past", y_label="bits per character"
    ),
    reveal=f"The best table looks back at {min(range(8), key=by_letters.__getitem__)} characters and needs {min(by_letters):.3f} bits.",
)

# %% [markdown]
# <details><summary>What happened</summary>
#
# The curve falls steeply, and then it *rises*. A table treats each past as a thing of its own.
# Most pasts of seven characters in *Hamlet* were never seen in the nine plays, or once, and a table can't see that two of them are alike.
#
# </details>
#
# ## 8. Tokens, and a GPT
#
# Models of the GPT family do not read letters. They read **tokens**, pieces of text that were found by counting. **Byte-pair encoding** is the usual way. Take the
# most frequent pair of neighbouring symbols, make it a symbol of its own, and begin again. With 400 such merges a symbol is two
# characters long on average. What does that do to a table of counts?


# %%
def merged(text, num_merges):
    symbols = list(text)
    for _ in range(num_merges):
        (first, second), _ = Counter(pairwise(symbols)).most_common(1)[0]
        joined, k = [], 0
        while k < len(symbols):
            is_pair = symbols[k : k + 2] == [first, second]
            joined.append(first + second if is_pair else symbols[k])
            k += 2 if is_pair else 1
        symbols = joined
    return symbols


scene = texts["test"][:3000]
print("|".join(merged(scene, 40)[-40:]).replace("\n", "⏎"))
few_merges = BytePairs(3).fit(scene)
assert merged(scene, 3) == [few_merges.symbols[k] for k in few_merges.encode(scene)]

# %% [markdown]
# The library does the same on a megabyte, only quicker.

# %%
pairs = BytePairs(400).fit(texts["train"])
print("the first merges:", pairs.symbols[-400:-390])
print("the last:        ", pairs.symbols[-8:])
line = pairs.encode("To be, or not to be,--that is the question")
print("|".join(pairs.symbols[k] for k in line))
train_tokens, test_tokens = (pairs.encode(texts[split]) for split in ("train", "test"))
assert pairs.decode(test_tokens) == texts["test"]
by_tokens = [
    -float(p.log2().sum()) / len(texts["test"]) for p in count(train_tokens, test_tokens, pairs.num_levels, 4)
]
print("bits per character, by tokens of the past:", [round(bits, 3) for bits in by_tokens])

# %% [markdown]
# The merges begin with what is frequent in English, and end with whole words. A table of
# tokens that looks back two tokens is a little *better* than the best table of letters. So a part of what GPTs gain comes from
# the tokens. (The figure is an upper bound: a text can be cut into tokens in many ways, and we
# count one of them.)
#
# Now the network: a causal Transformer with four layers, 60 units and windows of 128 tokens. It
# went through the nine plays 16 times, in a quarter of an hour of one processor core. Beside it stands an LSTM of lesson 4.4, with about as many
# weights. It read the same tokens as often, in a third of the time.

# %%
gpt, lstm = (armod.load_pretrained(f"{name}-plays") for name in ("transformer", "recurrent"))
windows = test_tokens[: len(test_tokens) // 128 * 128].view(-1, 128)[:: 8 if quick else 2]
num_characters = torch.tensor([len(pairs.symbols[k]) for k in range(pairs.num_levels)])[windows].double()


@torch.no_grad()
def nats_of_tokens(x, model=gpt):
    return -torch.cat([model.log_prob_per_variable(part) for part in x.split(50)]).double()


bits = {"letters, the best table": min(by_letters), "tokens, the best table": min(by_tokens)}
for name, model in {"tokens, GPT": gpt, "tokens, LSTM": lstm}.items():
    bits[name] = float(nats_of_tokens(windows, model).sum() / num_characters.sum() / math.log(2))
predict(
    f"The best table of letters needs {bits['letters, the best table']:.3f} bits per character on Hamlet, the best table of tokens "
    f"{bits['tokens, the best table']:.3f}. Which of the four is best?",
    choices(list(bits), answer=min(bits, key=bits.__getitem__)),
    reveal=likelihood_bars(bits, unit="bits per character on Hamlet"),
)

# %% [markdown]
# <details><summary>What happened</summary>
#
# Both networks are better than both tables, although their windows begin without a past. The GPT is ahead of the LSTM of its size.
# Was it attention? That is not shown: the GPT learnt with dropout, the LSTM without, and a pass of the GPT takes three times as long (one seed
# each). And on the valid play, *As You Like It*, the two are nearly equal.
#
# </details>
#
# How much does the GPT use its past? We ask as we did for the voice and for the harmonies. The second half of each window is told its own first half, or the first
# half of another place in the play, or nothing.

# %%
first, second = windows.chunk(2, 1)
away = first.roll(len(first) // 2, 0)
pasts = {"another past": torch.cat([away, second], 1), "its own past": torch.cat([first, second], 1)}
of_second = {name: nats_of_tokens(x)[:, 64:] for name, x in pasts.items()}
of_second["no past"] = nats_of_tokens(second)
scale = 1 / (num_characters[:, 64:].sum() * math.log(2))
in_bits = {name: float(of_second[name].sum() * scale) for name in ("another past", "no past", "its own past")}
likelihood_bars(in_bits, unit="bits per character of the second halves")

# %% [markdown]
# Its own past is best, and a wrong one is worse than none. But the bars are nearly equal: a letter depends mostly on
# the few before it.
#
# Now look at single steps. The bars show what may come next. Three knobs change them before a token is drawn:
#
# - **temperature** divides the logits. Below 1 the probable becomes more probable.
# - **top-k** keeps the k most probable tokens.
# - **top-p** keeps as few of them as reach the probability p.
#
# 1. Find a step where one token has nearly all probability, and one where many share it. What does top-k = 5 do to each? And top-p = 80 %?
# 2. Force a token that the model finds improbable. How does the text go on?

# %% tags=["nbval-ignore-output"]
text_lab(gpt, pairs, "Ham.\nTo be, or not to be", num_steps=20 if quick else 40, seed=seed)

# %% [markdown]
# ## 9. The most probable text
#
# If improbable tokens spoil a text, why draw at all? We could take the most probable token each time (**greedy** decoding). `stream` gives one token after
# the other, as a chat program would show them.


# %%
def written(num_tokens, **options):
    stream = gpt.stream(prompt=pairs.encode("Ham.\n"), length=400, generator=seeded(), **options)
    return [int(level) for level, _ in islice(stream, num_tokens)]


def fresh(tokens, n=4):  # how many runs of n tokens did not occur before
    return len(set(zip(*(tokens[k:] for k in range(n)), strict=False)))


drawn_text, greedy = written(203), written(203, greedy=True)
predict(
    f"In 203 tokens that are drawn, {fresh(drawn_text)} of 200 runs of four tokens are new. How many are new if each token is the most probable one?",
    number(fresh(greedy), low=0, high=200, close=0.2),
    reveal=f"Greedy:\n\n{pairs.decode(greedy[:90])}\n\nDrawn:\n\n{pairs.decode(drawn_text[:90])}",
)

# %% [markdown]
# <details><summary>What happened</summary>
#
# It begins to go round in circles. Once the past repeats itself, the model has reason to believe that it will
# again. Real text is *not* the most probable text. It surprises at every step, about as much as the entropy says.
#
# </details>
#
# **Your turn.** Call `print(pairs.decode(written(120, temperature=0.7)))`, and try `top_k=5` and `top_p=0.9`.
#
# Many prefer a temperature below 1. So is the model with temperature 0.7 a better one? It has a likelihood, too.

# %%
temperatures = (0.5, 0.7, 0.9, 1.0, 1.1, 1.5)
some = windows[::4]
total = num_characters[::4].sum() * math.log(2)
with torch.no_grad():
    tempered = {
        T: -float(sampling.adjusted_log_prob(gpt, some, temperature=T).double().sum() / total)
        for T in temperatures
    }
    possible = torch.isfinite(sampling.adjusted_log_prob(gpt, some, top_p=0.9)).sum()
    known_plays = train_tokens[: 128 * 40].view(-1, 128)
    of_train = {
        T: -float(sampling.adjusted_log_prob(gpt, known_plays, temperature=T).mean()) for T in temperatures
    }
predict(
    "Which of these models gives Hamlet the highest probability?",
    choices({f"temperature {T}": T for T in temperatures}, answer=min(tempered, key=tempered.__getitem__)),
    reveal="\n\n".join(
        f"temperature {T}: {bits_of:.3f} bits per character" for T, bits_of in tempered.items()
    )
    + f"\n\nOn plays that it has read, temperature {min(of_train, key=of_train.__getitem__)} is best.",
)

# %% [markdown]
# <details><summary>What happened</summary>
#
# Not the one that was trained, but one that is a little less sure. On plays that it has read a surer one is best: on a tenth the model is too sure of
# itself (it **overfits**). At 0.7 the text looks better, and the model
# is much worse: the samples leave out what is improbable, and Hamlet says improbable things. With
# top-p = 0.9 some token of nearly every window lies in the last tenth, so the window's probability is zero.
#
# So a likelihood at temperature 1 says nothing about samples that you saw at 0.7.
#
# </details>
#
# ## Summary
#
# - All three applications are the chain rule with a context. Tell the right thing, a wrong thing and nothing, and the difference says what the context is worth.
# - A text saves nearly no bits of sound, because one word is worth a few bits and has thousands of samples. Bayes' rule turns the same model into a recogniser.
# - The form of the data decides what the past can say: holds with a pitch, tokens instead of letters.
# - A rule that is rarely broken in the data costs few nats, so a likelihood does not see it. Count it, or keep it by a filter, and state the price.
# - Greedy text runs in circles; temperature and top-p make text that people like, and worse likelihoods.

# %% tags=["nbval-ignore-output"]
display(predictions())
lesson_quiz("4_6_2_sequence_applications")

# %% [markdown]
# ## Exercises
#
# [Your own copy of the exercises](my_exercises/4_6_2_sequence_applications.ipynb) opens in JupyterLab. You score a tempered model, write
# top-p, count parallel fifths, and measure frames.
#
# ## Further reading
#
# - A. van den Oord and others, *WaveNet: A Generative Model for Raw Audio*, 2016: section 2.5 for what a WaveNet is told, section 3.2 for text to speech.
# - J. Shen and others, *Natural TTS Synthesis by Conditioning WaveNet on Mel Spectrogram Predictions*, ICASSP 2018: section 2 for the two steps.
# - G. Hadjeres, F. Pachet, F. Nielsen, *DeepBach: a Steerable Model for Bach Chorales Generation*, ICML 2017: section 2 for the form of the notes.
# - R. Sennrich, B. Haddow, A. Birch, *Neural Machine Translation of Rare Words with Subword Units*, ACL 2016: section 3.2 for byte pairs.
# - A. Radford and others, *Improving Language Understanding by Generative Pre-Training*, 2018: section 3.1 for the model.
# - A. Holtzman and others, *The Curious Case of Neural Text Degeneration*, ICLR 2020: section 3.1 for top-p, section 4 for the most probable text.
# - S. Prince, *Understanding Deep Learning*, section 12.7: decoders such as GPT-3; section 12.5.1 for tokens.
# - I. Goodfellow, Y. Bengio, A. Courville, *Deep Learning*, section 12.4.1: n-grams; section 12.3: speech recognition.
#
# ---
#
# [← 4.6.1 Image applications: what does the input fix, and what does the model invent?](4_6_1_image_applications.ipynb) · [The course map](index.ipynb) · [4.7.1 Caching, guessing, not waiting →](4_7_1_caching.ipynb)
