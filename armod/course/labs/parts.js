// What the labs share: numbers as words, named knobs, and a sketch in true pixels.

const between = (low, value, high) => Math.max(low, Math.min(value, high));

// As armod/figures/numbers.py writes it; tests hold the two against each other.
function fixed(number, digits) {
  if (!Number.isFinite(number)) return number > 0 ? "∞" : "−∞";
  const size = Math.abs(number).toFixed(digits);
  return number < 0 && Number(size) ? `−${size}` : size;
}

// Labelled form controls; each calls `onTurn` with its own number or name when it is turned.
function createKnobs({ element, put }) {
  const name = `armod-knob-${Math.random().toString(36).slice(2)}`;
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
      show(current, words = String(current)) {
        if (control.value !== String(current)) control.value = current;
        if (control.type !== "range") return;
        put(value, "text", words);
        put(control, "aria-valuetext", words);
      },
    };
  }
  return {
    slider: (text, min, max, onTurn) => knob(text, element("input", { type: "range", min, max, step: 1 }), onTurn),
    choice: (text, options, onTurn) =>
      knob(text, element("select", {}, ...options.map((option) => element("option", { value: option }, option))), onTurn),
    button(text, onPress) {
      const control = element("button", { type: "button" }, text);
      control.addEventListener("click", onPress);
      return { whole: element("div", { class: "knob" }, control), control };
    },
    form(...knobs) {
      const form = element("form", { class: "knobs" }, ...knobs.map((each) => each.whole ?? each));
      form.addEventListener("submit", (event) => event.preventDefault());
      return form;
    },
  };
}

// Shapes drawn anew in every state, in nodes that are kept: only what has changed is written.
function createSketch({ svgElement, put }, parent) {
  const nodes = [];
  let used = 0;
  function shape(tag, attributes, text = "") {
    let node = nodes[used];
    if (node?.tagName !== tag) {
      const fresh = svgElement(tag);
      if (node) node.replaceWith(fresh);
      else parent.append(fresh);
      nodes[used] = node = fresh;
    }
    used += 1;
    for (const name of node.armodNames ?? []) if (!(name in attributes)) put(node, name, null);
    node.armodNames = Object.keys(attributes);
    for (const [name, value] of Object.entries(attributes))
      put(node, name, typeof value === "number" ? String(Math.round(value * 100) / 100) : value);
    if (tag === "text") put(node, "text", text);
  }
  return {
    begin() { used = 0; },
    end() { for (const node of nodes.splice(used)) node.remove(); },
    rect: (x, y, width, height, name) => shape("rect", { x, y, width: Math.max(0, width), height: Math.max(0, height), class: name }),
    styled: (x, y, width, height, style) => shape("rect", { x, y, width, height, style }),
    circle: (cx, cy, r, name) => shape("circle", { cx, cy, r, class: name }),
    line: (x1, y1, x2, y2, name) => shape("path", { d: `M${x1.toFixed(1)} ${y1.toFixed(1)}L${x2.toFixed(1)} ${y2.toFixed(1)}`, class: name }),
    filled: (d, colour) => shape("path", { d, fill: colour }),
    path: (d, name) => shape("path", { d, class: name }),
    text: (x, y, text, name, turned = false) =>
      shape("text", { transform: `translate(${x.toFixed(1)} ${y.toFixed(1)})${turned ? " rotate(-90)" : ""}`, class: name }, text),
  };
}

// The stage of a lab: knobs, the finding, a detail, the drawing; redrawn when the page grows or shrinks.
function createLab(stage, { element, svgElement }, { form, name, redraw }) {
  const title = element("p", { class: "finding", role: "status" });
  const detail = element("p", { class: "detail" });
  const svg = svgElement("svg", { class: "armod-plot", role: "group", "aria-label": name });
  stage.classList.add("armod-lab");
  stage.append(form, title, detail, svg);
  const lab = { title, detail, svg, width: 900 };
  // Known from the observer: to ask the page at each turn of a knob would make it lay itself out twice.
  new ResizeObserver(([{ contentRect }]) => {
    if (!contentRect.width) return;
    lab.width = Math.max(300, Math.floor(contentRect.width));
    redraw();
  }).observe(stage);
  return lab;
}

// Follows a pointer that is pressed on the drawing: `start` says whether it takes the press, `move` hears of each place.
function onDrag(svg, { start, move, end = () => {} }) {
  let held = false;
  const place = (event) => {
    const box = svg.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  };
  svg.addEventListener("pointerdown", (event) => {
    held = start(place(event));
    if (!held) return;
    svg.setPointerCapture(event.pointerId);
    event.preventDefault();
  });
  svg.addEventListener("pointermove", (event) => { if (held) move(place(event)); });
  for (const kind of ["pointerup", "pointercancel"])
    svg.addEventListener(kind, () => { if (held) end(); held = false; });
}
