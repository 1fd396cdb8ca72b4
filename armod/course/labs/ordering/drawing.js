// Above or left: the steps, each with the conditional it draws from. Below or right: every ordering's factors as a bar.

const WIDE = 780;

function createDrawing({ svgElement, put }) {
  const svg = svgElement("svg", { role: "img", class: "armod-ordering" });
  const nodes = { rect: [], path: [], text: [] };
  const layers = Object.fromEntries(Object.keys(nodes).map((kind) => [kind, svg.appendChild(svgElement("g"))]));
  let used;

  // Nodes are used again in every drawing: to make them anew would cost more than to draw.
  function next(kind) {
    const node = (nodes[kind][used[kind]] ??= layers[kind].appendChild(svgElement(kind)));
    used[kind] += 1;
    return node;
  }
  function rect(x, y, width, height, name) {
    const node = next("rect");
    put(node, "x", x.toFixed(1));
    put(node, "y", y.toFixed(1));
    put(node, "width", Math.max(0, width).toFixed(1));
    put(node, "height", height.toFixed(1));
    put(node, "class", name);
  }
  function write(x, y, text, name = "") {
    const node = next("text");
    put(node, "x", x.toFixed(1));
    put(node, "y", y.toFixed(1));
    put(node, "class", name);
    put(node, "text", text);
  }
  function path(data, name) {
    const node = next("path");
    put(node, "d", data);
    put(node, "class", name);
  }

  function draw(facts, width) {
    used = { rect: 0, text: 0, path: 0 };
    const isWide = width >= WIDE;
    const left = isWide ? Math.round(width * 0.55) : width;
    const bottom = drawSteps(facts, left, width < 520);
    const end = isWide ? drawOrderings(facts, left + 44, 0, width) : drawOrderings(facts, 0, bottom + 18, width);
    const height = Math.max(bottom, end);
    for (const [kind, all] of Object.entries(nodes)) {
      all.forEach((node, index) => put(node, "display", index < used[kind] ? null : "none"));
    }
    put(svg, "width", width);
    put(svg, "height", height);
    put(svg, "viewBox", `0 0 ${width} ${height}`);
  }

  function drawSteps(facts, width, isNarrow) {
    const { size, order, steps, step } = facts;
    const side = isNarrow ? 14 : 21;
    const start = Math.max(size * side + (isNarrow ? 14 : 26), 56);
    const end = width - (isNarrow ? 74 : 158);
    write(0, 12, "known", "heading left");
    write(start, 12, end - start < 260 ? "conditional" : "conditional of the pixel that is next", "heading left");
    if (!isNarrow) write(width - 84, 12, "factor", "heading right");
    write(width, 12, isNarrow ? "log p" : "log p so far", "heading right");
    order.forEach((pixel, index) => {
      const top = 34 + 74 * index;
      const middle = top + 32;
      const { event, ratio, white, black, value, factor, uniform, soFar } = steps[index];
      drawPixels(facts, index, 0, middle - side / 2, side);
      if (index > step) {
        rect(start, middle - 10, end - start, 20, "later");
        write(start + 10, middle, `waits for ${nameOf(order[index - 1])}`, "later left");
        return;
      }
      // on a narrow page the longest needs the whole line
      write(isNarrow ? 0 : start, top + 8, isNarrow ? `${event} = ${black}` : `${event} = ${ratio} = ${black}`, "conditional left");
      const split = start + (end - start) * Number(white);
      const isDrawn = index < step;
      rect(start, middle - 10, split - start, 20, isDrawn && value === 1 ? "zero faded" : "zero");
      rect(split, middle - 10, end - split, 20, isDrawn && value === 0 ? "one faded" : "one");
      if (split - start > 16) write((start + split) / 2, middle, "0", "zero");
      if (end - split > 16) write((split + end) / 2, middle, "1", "one");
      if (!isDrawn) return;
      const [from, to] = value === 1 ? [split, end] : [start, split];
      rect(from, middle - 10, to - from, 20, "taken");
      if (uniform !== null) {
        const x = start + (end - start) * Number(uniform);
        path(`M${x.toFixed(1)} ${middle + 11}l-5 9h10z`, "noise");
        const side = x < (start + end) / 2 ? ["left", 9] : ["right", -9];
        write(x + side[1], middle + 18, `u = ${uniform} draws ${value}`, `noise ${side[0]}`);
      } else write(start, middle + 18, `kept: ${value}`, "noise left");
      if (!isNarrow) write(width - 84, middle, factor, "number right");
      write(width, middle, soFar, index === size - 1 ? "number right strong" : "number right");
    });
    return 34 + 74 * size;
  }

  // The pixels before a step: known ones black or white, the next one marked, the others open.
  function drawPixels({ order, pattern, step }, index, x, y, side) {
    order.forEach((pixel, place) => {
      const isKnown = place < Math.min(index + 1, step);
      const kind = isKnown ? (pattern[pixel] ? "ink" : "paper") : "open";
      rect(x + pixel * side + 1, y + 1, side - 2, side - 2, `pixel ${kind}`);
      if (!isKnown) write(x + (pixel + 0.5) * side, y + side / 2, "?", "open");
    });
    if (index <= step) rect(x + order[index] * side + 1, y + 1, side - 2, side - 2, "current");
  }

  function drawOrderings(facts, x, y, width) {
    const { size, orderings, current, step, known, surprise, mostNats } = facts;
    const pitch = size === 4 ? 12.5 : 22;
    const isComplete = step === size;
    const isNarrow = width - x < 400;
    write(x, y + 12, !isComplete ? (isNarrow ? "Surprise so far" : "Surprise so far; complete the pattern to see all orderings")
      : isNarrow ? "Every ordering: other factors, one product"
        : "The same pattern in every ordering: other factors, one product", "heading left");
    const start = x + (size === 4 ? 66 : 54);
    const top = y + 50;
    const scale = (width - start - 4) / mostNats;
    for (let pixel = 0; pixel < size; pixel++) {
      rect(start + 58 * pixel, y + 25, 12, 12, `pixel-${pixel}`);
      write(start + 58 * pixel + 17, y + 31, nameOf(pixel), "left");
    }
    orderings.forEach((ordering, row) => {
      const [isCurrent, line] = [row === current, top + pitch * row];
      write(start - 8, line + pitch / 2, ordering.map(nameOf).join(" "), isCurrent ? "order right strong" : "order right");
      if (!isComplete && !isCurrent) return;
      let at = start;
      surprise(isComplete ? ordering : known).forEach(({ pixel, nats }) => {
        rect(at, line + 1, nats * scale - 0.8, pitch - 2.5, `pixel-${pixel}`);
        at += nats * scale;
      });
      if (isCurrent) path(`M${x} ${line - 0.5}H${(at + 3).toFixed(1)}v${pitch}H${x}z`, "box");
    });
    const bottom = top + pitch * orderings.length;
    const total = step ? facts.steps[step - 1].soFar : "0.000";
    const at = start + scale * surprise(known).reduce((sum, { nats }) => sum + nats, 0);
    path(`M${at.toFixed(1)} ${top - 4}V${bottom + 5}`, "total");
    write(Math.min(at, width - 40), bottom + 15, `log p = ${total}`, "strong");
    write(start, bottom + 33, "length = −log of each factor, in nats", "left");
    return bottom + 44;
  }
  return { svg, draw };
}
