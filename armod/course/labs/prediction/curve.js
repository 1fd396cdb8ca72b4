// A curve drawn by pointer, or by arrow keys: one slider for each place on the x-axis, one stop of the Tab key for all.

const HEIGHT = 260;
const EDGE = { left: 62, right: 20, top: 14, bottom: 44 };
const STEP = 0.02;

function createInput(data) {
  const svg = svgElement("svg", { class: "armod-plot", role: "group", "aria-label": `${data.yLabel} against ${data.xLabel}` });
  const sketch = createSketch(svg.appendChild(svgElement("g", { "aria-hidden": "true" })));
  const last = data.x.length - 1;
  let places = data.x.map(() => null);
  let isOpen = false;
  let width = 640;
  let current = data.given;
  const x = (index) => EDGE.left + (width - EDGE.left - EDGE.right) * (0.04 + 0.92 * index / last);
  const y = (place) => HEIGHT - EDGE.bottom - (HEIGHT - EDGE.top - EDGE.bottom) * between(0, place, 1);
  // On a logarithmic axis the powers of ten, if there are two of them.
  const powers = Array.from({ length: 40 }, (_, index) => placeOn(data, 10 ** (index - 20))).filter((place) => place > -1e-9 && place < 1 + 1e-9);
  const ticks = data.log && powers.length > 1 ? powers : [0, 0.25, 0.5, 0.75, 1];
  const truth = data.answer.map((value) => placeOn(data, value));
  const handles = data.x.map((text, index) => {
    const handle = svgElement("circle", { r: 8, role: "slider", class: "handle", "aria-label": `${data.yLabel} at ${data.xLabel} = ${text}`,
      "aria-orientation": "vertical", "aria-valuemin": data.low, "aria-valuemax": data.high, "data-lm-suppress-shortcuts": "true" });
    handle.addEventListener("keydown", (event) => press(event, index));
    handle.addEventListener("focus", () => { current = index; draw(); });
    return handle;
  });
  svg.append(...handles);

  function press(event, index) {
    const up = { ArrowUp: STEP, ArrowDown: -STEP, PageUp: 5 * STEP, PageDown: -5 * STEP }[event.key];
    const to = { ArrowLeft: index - 1, ArrowRight: index + 1, Home: data.given, End: last }[event.key];
    if (up === undefined && to === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    if (isOpen) return;
    if (up !== undefined) {
      places[index] = between(0, (places[index] ?? startOf(index)) + up, 1);
      draw();
    } else handles[between(data.given, to, last)].focus();
  }
  // A point that has no value yet starts beside its neighbour on the left.
  const startOf = (index) => places.slice(0, index).findLast((place) => place !== null) ?? 0.5;

  let past = null;
  function dragTo({ x: across, y: down }) {
    const index = between(data.given, Math.round(((across - EDGE.left) / (width - EDGE.left - EDGE.right) - 0.04) / 0.92 * last), last);
    const place = between(0, (HEIGHT - EDGE.bottom - down) / (HEIGHT - EDGE.top - EDGE.bottom), 1);
    // A quick stroke jumps over places: they are filled along the line.
    const from = past ?? { index, place };
    const steps = Math.abs(index - from.index);
    for (let step = 0; step <= steps; step += 1) {
      const share = steps ? step / steps : 1;
      places[from.index + Math.sign(index - from.index) * step] = from.place + share * (place - from.place);
    }
    past = { index, place };
    draw();
  }
  onDrag(svg, { start: (place) => { if (!isOpen) dragTo(place); return !isOpen; }, move: dragTo, end: () => { past = null; } });

  const line = (values, from, to) => values.slice(from, to).map((place, index) => [place, from + index])
    .filter(([place]) => place !== null).map(([place, index], count) => `${count ? "L" : "M"}${x(index).toFixed(1)} ${y(place).toFixed(1)}`).join("");
  function draw() {
    for (const [name, value] of [["width", width], ["height", HEIGHT], ["viewBox", `0 0 ${width} ${HEIGHT}`]]) put(svg, name, value);
    sketch.begin();
    for (const share of ticks) {
      sketch.line(EDGE.left, y(share), width - EDGE.right, y(share), "grid");
      sketch.text(EDGE.left - 8, y(share), rounded(valueAt(data, share), 2), "end");
    }
    const every = Math.ceil(data.x.length * 42 / (width - EDGE.left));
    data.x.forEach((text, index) => { if (index % every === 0) sketch.text(x(index), HEIGHT - EDGE.bottom + 14, text, ""); });
    sketch.line(EDGE.left, y(0), width - EDGE.right, y(0), "axis");
    sketch.text((EDGE.left + width - EDGE.right) / 2, HEIGHT - 10, data.xLabel, "");
    sketch.text(12, (EDGE.top + HEIGHT - EDGE.bottom) / 2, data.yLabel, "", true);
    sketch.path(line(truth, 0, isOpen ? last + 1 : data.given), "truth");
    const drawn = places.map((place, index) => (index < data.given ? truth[index] : place));
    sketch.path(line(drawn, Math.max(0, data.given - 1), last + 1), "guess");
    if (isOpen) truth.forEach((place, index) => sketch.circle(x(index), y(place), 4, "truth-point"));
    else truth.slice(0, data.given).forEach((place, index) => sketch.circle(x(index), y(place), 4, "truth-point"));
    sketch.end();
    handles.forEach((handle, index) => {
      const isGiven = index < data.given;
      put(handle, "cx", x(index).toFixed(1));
      put(handle, "cy", y(places[index] ?? startOf(index)).toFixed(1));
      put(handle, "class", `handle${places[index] === null ? " unset" : ""}${isOpen ? " still" : ""}`);
      put(handle, "display", isGiven || (isOpen && places[index] === null) ? "none" : null);
      put(handle, "tabindex", index === current && !isOpen ? "0" : "-1");
      put(handle, "aria-valuenow", String(valueAt(data, places[index] ?? startOf(index))));
      put(handle, "aria-valuetext", places[index] === null ? "no guess yet" : rounded(valueAt(data, places[index]), 2));
      put(handle, "aria-disabled", String(isOpen));
    });
  }
  const whole = element("div", { class: "curve-guess" }, svg,
    element("p", { class: "how" }, "Draw with the pointer, or go to a point with Tab, then ←, → to choose and ↑, ↓ to move it."),
    element("ul", { class: "legend", "aria-hidden": "true" }, element("li", { class: "you" }, "your guess"), element("li", { class: "it" }, "computed")));
  new ResizeObserver(([{ contentRect }]) => {
    if (!contentRect.width) return;
    width = Math.max(260, Math.floor(contentRect.width));
    draw();
  }).observe(whole);
  return {
    whole,
    due: "Draw the whole curve first.",
    read() {
      if (places.slice(data.given).includes(null)) return null;
      return places.map((place, index) => (index < data.given ? data.answer[index] : valueAt(data, place)));
    },
    show(guess, open) {
      isOpen = open;
      places = data.x.map((_, index) => (guess === null || index < data.given ? null : placeOn(data, guess[index])));
      whole.classList.toggle("open", open);
      draw();
    },
  };
}
