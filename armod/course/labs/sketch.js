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
// A finger there drags, and does not scroll the page.
function onDrag(svg, { start, move, end = () => {} }) {
  let held = false;
  const place = (event) => {
    const box = svg.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  };
  svg.style.touchAction = "none";
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
