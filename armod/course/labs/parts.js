// What the labs share, put after sketch.js: numbers as words, sentences, named knobs, a stage with its table, a clock.

const digitsAs = (signs) => (number) => [...String(number)].map((digit) => (digit === "-" ? "⁻" : signs[digit])).join("");
const raised = digitsAs("⁰¹²³⁴⁵⁶⁷⁸⁹");
const lowered = digitsAs("₀₁₂₃₄₅₆₇₈₉");
// One bit of bytes that numpy's `packbits` made, counted from the byte `start`.
const bitOf = (bytes, start, index) => ((bytes[start + (index >> 3)] >> (7 - (index & 7))) & 1) === 1;

// As armod/figures/numbers.py writes it; tests hold the two against each other.
function fixed(number, digits) {
  if (!Number.isFinite(number)) return number > 0 ? "∞" : "−∞";
  const size = Math.abs(number).toFixed(digits);
  return number < 0 && Number(size) ? `−${size}` : size;
}

// Sentences from the templates of words.toml, filled as words.py fills them; tests hold the two against each other.
function createWords(templates) {
  const holes = /\{(\w+)(?::(\+?)\.(\d)(%?))?((?:\|[^|{}]*)*)\}/g;
  return (template, values = {}) => templates[template].replace(holes, (_, name, sign, digits, percent, forms) => {
    const value = values[name];
    if (value === undefined) throw new Error(`The template "${template}" needs the value of ${name}.`);
    if (forms) {
      const key = String(Array.isArray(value) ? value.length : value);
      const choices = forms.slice(1).split("|");
      const chosen = choices.slice(0, -1).find((form) => form.startsWith(`${key}=`));
      return (chosen?.slice(key.length + 1) ?? choices.at(-1)).replaceAll("#", key);
    }
    return [value].flat().map((part) => digits === undefined ? part
      : (sign && part > 0 ? "+" : "") + fixed(percent ? 100 * part : part, Number(digits)) + percent).join(", ");
  });
}

// turning(state, update)("depth") is what a knob calls: it keeps the knob's value under that name, and updates.
const turning = (state, update) => (name) => (value) => {
  state[name] = value;
  update();
};

// Labelled form controls; each calls `onTurn` with its own number or text when it is turned.
function createKnobs() {
  const name = uniqueName("knob");
  let count = 0;
  function knob(text, control, onTurn) {
    control.id = `${name}-${(count += 1)}`;
    const value = element("span", { class: "value", "aria-hidden": "true" });
    const whole = element("div", { class: "knob" },
      element("div", {}, element("label", { for: control.id }, text), value), control);
    control.addEventListener("input", () => onTurn(control.type === "range" ? Number(control.value) : control.value));
    return {
      whole,
      control,
      show(current, words = String(current), spoken = words) {
        if (control.value !== String(current)) control.value = current;
        if (control.type !== "range") return;
        put(value, "text", words);
        put(control, "aria-valuetext", spoken);
      },
    };
  }
  return {
    slider: (text, min, max, onTurn) => knob(text, element("input", { type: "range", min, max, step: 1 }), onTurn),
    choice: (text, options, onTurn) =>
      knob(text, element("select", {}, ...options.map((option) => element("option", { value: option }, option))), onTurn),
    text: (text, attributes, onTurn) => knob(text, element("input", { type: "text", ...attributes }), onTurn),
    button(text, onPress) {
      const control = element("button", { type: "button" }, text);
      control.addEventListener("click", onPress);
      return { whole: element("div", { class: "knob" }, control), control };
    },
  };
}

// The stage of a lab: knobs, the finding, a detail, the drawing; redrawn when the page grows or shrinks. `kind` is its
// class, `name` says what the drawing is, `knobs` are knobs or other elements.
function createLab(stage, { kind, name, knobs, redraw }) {
  const form = element("form", { class: "knobs" }, ...knobs.map((each) => each.whole ?? each));
  form.addEventListener("submit", (event) => event.preventDefault());
  const title = element("p", { class: "finding", role: "status" });
  const detail = element("p", { class: "detail" });
  const svg = svgElement("svg", { class: "armod-plot", role: "group", "aria-label": name });
  stage.classList.add("armod-lab", kind);
  stage.append(form, title, detail, svg);
  // Sentences keep the room that they once took: the drawing stays where it is while someone points at it or drags.
  const [found, told] = [title, detail].map((text) => text.appendChild(element("span")));
  const room = new ResizeObserver((entries) => {
    for (const { target, contentRect: { width, height } } of entries) {
      const { armodRoom: past } = target;
      target.armodRoom = { width, height: past?.width === width ? Math.max(past.height, height) : height };
      target.parentElement.style.setProperty("--armod-room", `${target.armodRoom.height}px`);
    }
  });
  for (const text of [found, told]) room.observe(text);
  // Known from the observer: to ask the page at each turn of a knob would make it lay itself out twice.
  new ResizeObserver(([{ contentRect }]) => {
    if (!contentRect.width) return;
    lab.width = Math.max(300, Math.floor(contentRect.width));
    redraw();
  }).observe(stage);
  const lab = {
    svg,
    width: 900,
    find: (text) => put(found, "text", text),
    tell: (text) => put(told, "text", text),
    // As wide as the stage, and so high.
    resize(height) {
      put(svg, "width", lab.width);
      put(svg, "height", height);
      put(svg, "viewBox", `0 0 ${lab.width} ${height}`);
    },
    // What colours mean, below the drawing: the class of a swatch and words, or an element and words.
    legend(entries) {
      stage.append(element("ul", { class: "legend" }, ...entries.map(([swatch, ...words]) => element("li", {},
        typeof swatch === "string" ? element("span", { class: `swatch ${swatch}` }) : swatch, ...words))));
    },
    // A fold for those who prefer to read; gives a function that fills it while it is open. `rows()` gives the cells of
    // each row, `code()` Python that says the same; either may be left out.
    reading(summary, { caption, columns, rows, code }) {
      const handle = element("summary", {}, summary);
      const fold = element("details", {}, handle);
      const body = element("tbody");
      const inPython = element("code");
      if (rows) {
        const heads = columns.map((text) => element("th", { scope: "col" }, text));
        fold.append(element("table", {}, element("caption", {}, caption), element("thead", {}, element("tr", {}, ...heads)), body));
      }
      if (code) fold.append(inPython);
      stage.append(fold);
      const fill = () => {
        if (rows) body.replaceChildren(...rows().map(([head, ...cells]) => element("tr", {},
          element("th", { scope: "row" }, head), ...cells.map((cell) => element("td", {}, cell)))));
        if (code) inPython.textContent = code();
      };
      const read = () => { if (fold.open) fill(); };
      handle.addEventListener("click", fill); // a fold is never seen open and empty: `toggle` comes later than the opening
      fold.addEventListener("toggle", read); // a search in the page opens it too
      return read;
    },
  };
  return lab;
}

// Buttons that walk through the frames 0 to `last()`, which `state` keeps under `name`, and a clock that plays them.
function createPlayer(stage, { state, name, last, pause, update }) {
  let clock = null;
  const stop = () => {
    clearInterval(clock);
    clock = null;
  };
  const start = () => {
    if (state[name] === last()) state[name] = 0;
    clock = setInterval(() => {
      // A page that took the lab away also stops its clock.
      if (state[name] < last() && stage.isConnected) state[name] += 1;
      if (state[name] === last() || !stage.isConnected) stop();
      update();
    }, pause);
  };
  const walk = (by) => () => {
    stop();
    state[name] = between(0, state[name] + by, last());
    update();
  };
  const toggle = () => {
    if (clock === null) start();
    else stop();
    update();
  };
  const buttons = [["← Back", walk(-1)], ["Step →", walk(1)], ["Play", toggle]].map(([text, onPress]) => {
    const button = element("button", { type: "button" }, text);
    button.addEventListener("click", onPress);
    return button;
  });
  const [back, forth, play] = buttons;
  return {
    whole: element("div", { class: "buttons" }, ...buttons),
    stop,
    show() {
      back.disabled = state[name] === 0;
      forth.disabled = state[name] === last();
      put(play, "text", clock === null ? "Play" : "Pause");
    },
  };
}
