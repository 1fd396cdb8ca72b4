// Drawing by hand: shapes in true pixels, a pointer that drags.

const between = (low, value, high) => Math.max(low, Math.min(value, high));
const uniqueName = (kind) => `armod-${kind}-${Math.random().toString(36).slice(2)}`;

// Shapes drawn anew in every state, in nodes that are kept: only what has changed is written.
function createSketch(parent) {
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
    rect: (x, y, width, height, name, others = {}) =>
      shape("rect", { x, y, width: Math.max(0, width), height: Math.max(0, height), class: name, ...others }),
    circle: (cx, cy, r, name) => shape("circle", { cx, cy, r, class: name }),
    line: (x1, y1, x2, y2, name) => shape("path", { d: `M${x1.toFixed(1)} ${y1.toFixed(1)}L${x2.toFixed(1)} ${y2.toFixed(1)}`, class: name }),
    path: (d, name, others = {}) => shape("path", { d, class: name, ...others }),
    text: (x, y, text, name, turned = false) =>
      shape("text", { transform: `translate(${x.toFixed(1)} ${y.toFixed(1)})${turned ? " rotate(-90)" : ""}`, class: name }, text),
  };
}

// Follows a pointer that is pressed on the drawing: `start` says whether it takes the press, `move` hears of each place.
// A finger drags what takes the press, and scrolls the page everywhere else; what is dragged to the side alone, it scrolls up and down.
function onDrag(svg, { start, move, end = () => {}, isSideways = false }) {
  let held = false;
  const place = (event) => {
    const box = svg.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  };
  if (isSideways) svg.style.touchAction = "pan-y";
  else svg.addEventListener("touchstart", (event) => { if (held) event.preventDefault(); }, { passive: false });
  svg.addEventListener("pointerdown", (event) => {
    held = start(place(event));
    if (!held) return;
    svg.setPointerCapture(event.pointerId);
    event.preventDefault();
    if (svg.hasAttribute("tabindex")) svg.focus({ preventScroll: true }); // its keys go on where the pointer was, and Escape is heard
  });
  svg.addEventListener("pointermove", (event) => { if (held) move(place(event)); });
  for (const kind of ["pointerup", "pointercancel"])
    svg.addEventListener(kind, () => { if (held) end(); held = false; });
}

// Follows a pointer that is pressed anywhere on the drawing and moved to the side.
const onSlide = (svg, choose) => onDrag(svg, { start: (at) => { choose(at); return true; }, move: choose, isSideways: true });

// Cells of a row are looked at one by one: a pointer, the focus or arrow keys put one into `state.looked`.
function onLook(stage, row, cells, state, { look, draw }) {
  const turn = (level) => {
    state.looked = level < 0 ? null : level;
    look();
  };
  const at = (event) => cells.indexOf(event.target);
  row.addEventListener("pointerover", (event) => turn(event.buttons ? -1 : at(event))); // whoever drags looks at nothing
  row.addEventListener("pointerleave", () => turn(-1));
  stage.addEventListener("focusin", (event) => turn(at(event)));
  stage.addEventListener("focusout", () => turn(-1));
  row.addEventListener("keydown", (event) => {
    const walk = { ArrowLeft: -1, ArrowRight: 1, Home: -cells.length, End: cells.length }[event.key];
    if (!walk || at(event) < 0) return;
    state.level = between(0, at(event) + walk, cells.length - 1);
    draw();
    cells[state.level].focus();
    event.preventDefault();
  });
}
