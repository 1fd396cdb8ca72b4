// A field to type into, and a slider along the scale that says the same.

const STEPS = 200;

function createInput(data) {
  const name = `armod-number-${Math.random().toString(36).slice(2)}`;
  const bounds = `from ${rounded(data.low, 3)} to ${rounded(data.high, 3)}`;
  const field = element("input", { type: "text", inputmode: "decimal", id: name, autocomplete: "off" });
  const label = element("label", { for: name }, "Your guess");
  const slider = element("input", { type: "range", min: 0, max: STEPS, step: 1, "aria-label": `Your guess on a scale ${bounds}` });
  const marks = element("div", { class: "marks", "aria-hidden": "true" });
  const ends = element("div", { class: "ends" }, ...[data.low, data.high].map((end) => element("span", {}, rounded(end, 3))));
  const track = element("div", { class: "track" }, slider, marks, ends);
  const mark = (kind, words, value) => {
    const place = Math.max(0, Math.min(1, placeOn(data, value)));
    const side = place > 0.5 ? "left" : "right";
    return element("span", { class: `mark ${kind} ${side}`, style: `left: ${100 * place}%` }, element("b", {}, words));
  };
  slider.addEventListener("input", () => {
    track.classList.remove("untouched");
    const value = valueAt(data, slider.value / STEPS);
    const short = Number(value.toPrecision(data.log ? 2 : 3));
    field.value = rounded(data.whole ? Math.round(short) : short, 6);
    slider.setAttribute("aria-valuetext", withUnit(field.value, data.unit));
  });
  function slide(value, words) {
    slider.value = Math.round(STEPS * placeOn(data, value));
    slider.setAttribute("aria-valuetext", words);
  }
  field.addEventListener("input", () => {
    const value = read();
    track.classList.toggle("untouched", value === null);
    if (value !== null) slide(value, withUnit(field.value, data.unit));
  });
  function read() {
    const text = field.value.replaceAll("−", "-").replace(/[\s%]/g, "");
    const plain = /^-?\d{1,3}(,\d{3})+(\.\d+)?$/.test(text) ? text.replaceAll(",", "") : text.replace(",", ".");
    const value = plain === "" ? NaN : Number(plain);
    return VERDICTS.number.isGuess(data, value) ? value : null;
  }
  return {
    whole: element("div", { class: "number-guess" },
      element("div", { class: "field" }, label, field, element("span", {}, data.unit)), track),
    due: `Type a number first, ${bounds}.`,
    read,
    show(guess, isOpen) {
      field.value = guess === null ? "" : rounded(guess, 6);
      field.readOnly = isOpen;
      slider.hidden = isOpen;
      slide(guess ?? valueAt(data, 0.5), "no guess yet");
      track.classList.toggle("untouched", guess === null);
      track.classList.toggle("open", isOpen);
      marks.replaceChildren(...(isOpen
        ? [mark("answer", `it is ${data.text}`, data.answer), ...(guess === null ? [] : [mark("guess", `you: ${rounded(guess, 6)}`, guess)])]
        : []));
    },
  };
}
