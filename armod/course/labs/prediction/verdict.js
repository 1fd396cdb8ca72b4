// What a guess is worth, and where it is kept; put before card.js and foot.js.

// `localStorage` outlives the page; where there is none, in a private window or a sandbox, the page itself remembers.
const memory = (globalThis.armodGuesses ??= new Map());
const addressOf = (key) => `armod-guess-${key}`;

// { guess } or, of those who looked without one, { shown: true }; null before that, or if it is no guess of this card.
function recall(data) {
  let entry = memory.get(data.key) ?? null;
  try {
    entry ??= JSON.parse(localStorage.getItem(addressOf(data.key)));
  } catch { /* nothing is kept, or nothing that can be read */ }
  if (entry?.shown === true) return entry;
  return entry && VERDICTS[data.kind].isGuess(data, entry.guess) ? entry : null;
}

// Null forgets.
function keep(data, entry) {
  if (entry) memory.set(data.key, entry);
  else memory.delete(data.key);
  try {
    if (entry) localStorage.setItem(addressOf(data.key), JSON.stringify(entry));
    else localStorage.removeItem(addressOf(data.key));
  } catch { /* the page remembers */ }
  document.dispatchEvent(new CustomEvent("armod-guess", { detail: data.key }));
}

// As armod/figures/numbers.py writes it; tests hold the two against each other.
function rounded(value, digits = 3) {
  if (value === 0) return "0";
  const sign = value < 0 ? "−" : "";
  const [mantissa, exponent] = Math.abs(value).toExponential(digits - 1).split("e");
  const power = Number(exponent);
  const isPlain = power >= -4 && power < 7;
  const text = isPlain ? Math.abs(value).toFixed(Math.max(0, digits - 1 - power)) : mantissa;
  const [whole, decimals = ""] = text.split(".");
  const raised = [...String(power)].map((digit) => (digit === "-" ? "⁻" : "⁰¹²³⁴⁵⁶⁷⁸⁹"[digit])).join("");
  const rest = decimals.replace(/0+$/, "");
  return sign + Number(whole).toLocaleString("en-US") + (rest && `.${rest}`) + (isPlain ? "" : ` × 10${raised}`);
}
const withUnit = (text, unit) => (unit && text !== "1" ? `${text} ${unit}` : text);

// Where a value stands on a scale: 0 at its low end, 1 at its high end; and back.
const rise = (data) => (data.log ? Math.log : (value) => value);
const placeOn = (data, value) => (rise(data)(value) - rise(data)(data.low)) / (rise(data)(data.high) - rise(data)(data.low));
function valueAt(data, place) {
  if (data.log) return data.low * (data.high / data.low) ** place;
  return data.low + (data.high - data.low) * place;
}

// "6 times more", "7 less": how the answer stands to a guess.
function comparison(answer, guess) {
  const word = answer > guess ? "more" : "less";
  const ratio = Math.max(answer / guess, guess / answer);
  if (answer * guess > 0 && ratio >= 1.5) return `${rounded(ratio, 2)} times ${word}`;
  return `${rounded(Math.abs(answer - guess), 2)} ${word}`;
}

// For each kind of answer: is this a guess? how is it written? how good is it, and what is said of it?
const VERDICTS = {
  choices: {
    isGuess: (data, guess) => data.choices.includes(guess),
    said: (data, guess) => guess,
    answer: (data) => data.answer,
    judge(data, guess) {
      if (guess === data.answer) return { good: true, head: "Right.", tail: `It is “${data.answer}”.` };
      return { good: false, head: "A surprise.", tail: `You said “${guess}”; it is “${data.answer}”.` };
    },
  },
  number: {
    isGuess: (data, guess) => Number.isFinite(guess) && (!data.log || guess > 0),
    said: (data, guess) => rounded(guess, 6),
    answer: (data) => withUnit(data.text, data.unit),
    judge(data, guess) {
      const it = VERDICTS.number.answer(data);
      if (rounded(guess, data.digits) === data.text)
        return { good: true, head: "Exactly.", tail: `You said ${rounded(guess, 6)}, and it is ${it}.` };
      const good = Math.abs(placeOn(data, guess) - placeOn(data, data.answer)) <= data.close;
      const tail = `You said ${rounded(guess, 6)}, it is ${it}: ${comparison(data.answer, guess)}.`;
      return { good, head: good ? "Close." : "A surprise.", tail };
    },
  },
  curve: {
    isGuess: (data, guess) => Array.isArray(guess) && guess.length === data.x.length && guess.every(Number.isFinite),
    said: () => "a curve",
    answer: () => "the computed curve",
    judge(data, guess) {
      const all = guess.map((value, index) => Math.abs(placeOn(data, value) - placeOn(data, data.answer[index])));
      const gaps = all.slice(data.given);
      const mean = gaps.reduce((sum, gap) => sum + gap, 0) / gaps.length;
      const worst = data.given + gaps.indexOf(Math.max(...gaps));
      const far = data.log ? `by a factor of ${rounded((data.high / data.low) ** mean, 2)}`
        : `by ${rounded(mean * (data.high - data.low), 2)}`;
      const good = mean <= data.close;
      const at = `most at ${data.xLabel} = ${data.x[worst]}, where you said ${rounded(guess[worst], 2)} and it is ${rounded(data.answer[worst], 3)}`;
      return { good, head: good ? "Close." : "A surprise.", tail: `On average your curve is off ${far}, ${at}.` };
    },
  },
};
