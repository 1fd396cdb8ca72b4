// Hands on the drawing of a network: a unit is dragged or keyed to another degree, a cell of a mask is pressed.

function createEditing(lab, drawing, { facts, say, setDegree, toggle }) {
  const isHidden = (at) => at && at.level > 0 && at.level < facts().masks.length;
  const cursor = svgElement("rect", { class: "cursor", tabindex: 0, role: "button", "data-lm-suppress-shortcuts": "true" });
  let at = { level: 0, above: 0, below: 0 };
  let held = null;
  lab.svg.append(cursor);

  // One weight is what the keys toggle; it follows a press.
  function show() {
    const { masks } = facts();
    at.level = between(0, at.level, masks.length - 1);
    const mask = masks[at.level];
    at = { level: at.level, above: between(0, at.above, mask.length - 1), below: between(0, at.below, mask[0].length - 1) };
    const { x, y, cell } = drawing.cellOf(at);
    for (const [name, value] of Object.entries({ x: x - 1, y: y - 1, width: cell + 1, height: cell + 1 })) put(cursor, name, value);
    put(cursor, "aria-label", say("weight", {
      level: at.level + 1, above: at.above + 1, below: at.below + 1, state: mask[at.above][at.below] ? "kept" : "masked" }));
  }

  cursor.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: [0, 0, -1], ArrowRight: [0, 0, 1], ArrowUp: [0, -1, 0], ArrowDown: [0, 1, 0],
      PageUp: [1, 0, 0], PageDown: [-1, 0, 0] }[event.key];
    if (step) at = { level: at.level + step[0], above: at.above + step[1], below: at.below + step[2] };
    else if (event.key === "Enter" || event.key === " ") toggle(at.level, at.above, at.below);
    else return;
    show();
    event.preventDefault();
  });
  lab.svg.addEventListener("click", (event) => {
    const box = lab.svg.getBoundingClientRect();
    const pressed = drawing.maskCellAt({ x: event.clientX - box.left, y: event.clientY - box.top });
    if (!pressed) return;
    at = pressed;
    toggle(at.level, at.above, at.below);
    show();
  });
  lab.svg.addEventListener("keydown", (event) => {
    const unit = drawing.unitAt(event.target);
    const step = { "+": 1, "-": -1, "=": 1 }[event.key];
    if (!isHidden(unit) || !step) return;
    setDegree(unit.level, unit.unit, facts().degrees[unit.level][unit.unit] + step);
    event.preventDefault();
  });
  // Upwards is a higher degree, a step for each 14 pixels.
  lab.svg.addEventListener("pointerdown", (event) => {
    const unit = drawing.unitAt(event.target);
    if (!isHidden(unit)) return;
    held = { ...unit, y: event.clientY, degree: facts().degrees[unit.level][unit.unit] };
    lab.svg.setPointerCapture(event.pointerId);
    event.preventDefault();
  });
  // a finger on a unit drags it, and scrolls the page anywhere else
  lab.svg.addEventListener("touchstart", (event) => {
    if (isHidden(drawing.unitAt(event.target))) event.preventDefault();
  }, { passive: false });
  lab.svg.addEventListener("pointermove", (event) => {
    if (!held) return;
    const degree = held.degree + Math.round((held.y - event.clientY) / 14);
    if (degree !== facts().degrees[held.level][held.unit]) setDegree(held.level, held.unit, degree);
  });
  for (const kind of ["pointerup", "pointercancel"]) lab.svg.addEventListener(kind, () => { held = null; });
  drawing.afterwards(show);
}
