// The explorer: knobs, the finding, the drawing, and a table for those who prefer to read.

const PAUSE = 1100;

export async function mount(stage, data, helpers) {
  const { element, put } = helpers;
  const name = `ordering-explorer-${Math.random().toString(36).slice(2)}`;
  // `kept`: the pattern that stays while the ordering changes, or null when each ordering draws its own.
  const state = { ...data.start, kept: null };
  const size = data.orderings[0].length;
  const controls = createControls(helpers, data, name);
  const drawing = createDrawing(helpers);
  const title = element("p", { class: "finding", role: "status" });
  const rows = element("tbody");
  const columns = ["pixel", "conditional", "uniform number", "value", "factor", "log p so far"];
  const reading = element("details", {}, element("summary", {}, "As a table"),
    element("table", {}, element("caption", {}, "The steps taken"),
      element("thead", {}, element("tr", {}, ...columns.map((text) => element("th", { scope: "col" }, text)))), rows));
  const hint = element("p", { class: "detail" }, "A bar is a conditional: white for 0, black for 1. A uniform number u "
    + "between 0 and 1 falls into one of the two parts, and so draws the pixel. The next conditional needs that value.");
  stage.classList.add("ordering-explorer");
  stage.append(controls.form, title, hint, drawing.svg, reading);

  let width = 900;
  let clock = null;

  function update() {
    const pattern = state.kept ?? data.patterns[state.ordering][state.noise];
    const facts = orderingFacts(data, { ...state, pattern, noise: state.kept ? null : state.noise });
    const finding = findingOf(facts);
    put(title, "text", finding);
    put(drawing.svg, "aria-label", finding);
    controls.show(state, facts, clock !== null);
    if (reading.open) read(facts);
    drawing.draw(facts, width);
  }

  function read({ steps, step }) {
    rows.replaceChildren(...steps.slice(0, step).map(({ pixel, event, ratio, black, uniform, value, factor, soFar }) =>
      element("tr", {}, element("th", { scope: "row" }, nameOf(pixel)),
        ...[`${event} = ${ratio} = ${black}`, uniform ?? "kept", value, factor, soFar].map((text) => element("td", {}, text)))));
  }

  function pause() {
    clearInterval(clock);
    clock = null;
  }
  function play() {
    if (state.step === size) state.step = 0;
    clock = setInterval(() => {
      state.step += 1;
      if (state.step >= size) pause();
      update();
    }, PAUSE);
  }

  const actions = {
    back: () => { state.step = Math.max(0, state.step - 1); },
    forth: () => { state.step = Math.min(size, state.step + 1); },
  };
  controls.form.addEventListener("click", ({ target }) => {
    const { action } = target.dataset;
    if (!action) return;
    const wasPlaying = clock !== null;
    pause();
    if (action !== "play") actions[action]();
    else if (!wasPlaying) play();
    update();
  });
  controls.form.addEventListener("input", ({ target }) => {
    pause();
    controls.read(target, state);
    if (target.type === "checkbox") state.kept = target.checked ? data.patterns[state.ordering][state.noise] : null;
    update();
  });
  controls.form.addEventListener("submit", (event) => event.preventDefault());
  reading.addEventListener("toggle", update);
  update();
  new ResizeObserver(([{ contentRect }]) => {
    // A page that took the widget away also stops its clock.
    if (!stage.isConnected) pause();
    if (contentRect.width) width = Math.max(300, Math.floor(contentRect.width));
    update();
  }).observe(stage);
}

function createControls({ element, put }, data, name) {
  const size = data.orderings[0].length;
  const slider = (text, key, min, max) => {
    const control = element("input", { type: "range", min, max, step: 1, id: `${name}-${key}` });
    const value = element("span", { class: "value", "aria-hidden": "true" });
    const head = element("div", {}, element("label", { for: control.id }, text), value);
    return { whole: element("div", { class: "knob" }, head, control), control, value };
  };
  const ordering = slider("Ordering", "ordering", 1, data.orderings.length);
  const noise = slider("Uniform numbers", "noise", 1, data.noise.length);
  const step = slider("Pixels known", "step", 0, size);
  const button = (text, action) => element("button", { type: "button", "data-action": action }, text);
  const [back, forth, play] = [button("← Back", "back"), button("Step →", "forth"), button("Play", "play")];
  const keep = element("input", { type: "checkbox", id: `${name}-keep` });
  const form = element("form", { class: "knobs" }, ordering.whole, noise.whole, step.whole,
    element("div", { class: "buttons" }, back, forth, play),
    element("div", { class: "keep" }, keep, element("label", { for: keep.id }, "Keep this pattern in every ordering")));

  function read(control, state) {
    if (control === ordering.control) state.ordering = control.value - 1;
    else if (control === noise.control) state.noise = control.value - 1;
    else if (control === step.control) state.step = Number(control.value);
  }

  function show(state, facts, isPlaying) {
    const set = ({ control, value }, number, text, spoken) => {
      control.value = number;
      put(value, "text", text);
      put(control, "aria-valuetext", spoken);
    };
    set(ordering, state.ordering + 1, facts.order.map(nameOf).join(" "), `pixels ${facts.order.map((pixel) => pixel + 1).join(", ")}`);
    set(noise, state.noise + 1, `row ${state.noise + 1}`, `row ${state.noise + 1}`);
    noise.control.disabled = state.kept !== null;
    set(step, state.step, `${state.step} of ${size}`, `${state.step} of ${size}`);
    keep.checked = state.kept !== null;
    back.disabled = state.step === 0;
    forth.disabled = state.step === size;
    put(play, "text", isPlaying ? "Pause" : "Play");
  }
  return { form, read, show };
}
