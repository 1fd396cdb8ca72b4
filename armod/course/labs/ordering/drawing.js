// Above or left: the steps, each with the conditional it draws from. Below or right: every ordering's factors as a bar.

const WIDE = 780;

function createDrawing(say, lab) {
  lab.svg.setAttribute("role", "img");
  const sketch = createSketch(lab.svg);
  let bars = { start: 0, end: 1, rows: 0 };

  function draw(facts) {
    const { width } = lab;
    const isWide = width >= WIDE;
    const left = isWide ? Math.round(width * 0.55) : width;
    sketch.begin();
    const bottom = drawSteps(facts, left, width < 520);
    const drawBeside = facts.isOthers ? drawPatterns : drawOrderings;
    const end = isWide ? drawBeside(facts, left + 44, 0, width) : drawBeside(facts, 0, bottom + 18, width);
    sketch.end();
    lab.resize(Math.max(bottom, end));
  }

  function drawSteps(facts, width, isNarrow) {
    const { size, order, steps, step } = facts;
    const side = isNarrow ? 14 : 21;
    const start = Math.max(size * side + (isNarrow ? 14 : 26), 56);
    const end = width - (isNarrow ? 74 : 158);
    bars = { start, end, rows: size };
    sketch.text(0, 12, "known", "heading start");
    sketch.text(start, 12, end - start < 260 ? "conditional" : "conditional of the pixel that is next", "heading start");
    if (!isNarrow) sketch.text(width - 92, 12, "factor", "heading end");
    sketch.text(width, 12, (facts.isOthers ? "log product" : "log p") + (isNarrow || facts.isOthers ? "" : " so far"), "heading end");
    order.forEach((pixel, index) => {
      const top = 34 + 74 * index;
      const middle = top + 32;
      const { conditional, short, black, value, factor, uniform, soFar } = steps[index];
      drawPixels(facts, index, 0, middle - side / 2, side);
      if (index > step) {
        sketch.rect(start, middle - 10, end - start, 20, "later");
        sketch.text(start + 10, middle, say("waits", { pixel: nameOf(order[index - 1]) }), "later start");
        return;
      }
      // whoever bets does not see the conditional before the step
      const isBet = facts.bet !== undefined && index === step;
      if (isBet) {
        const split = start + (end - start) * (1 - facts.bet / 100);
        sketch.text(isNarrow ? 0 : start, top + 8, say("your_bet", { pixel: nameOf(order[index]), bet: facts.bet }), "conditional start");
        sketch.rect(start, middle - 10, split - start, 20, "zero faded");
        sketch.rect(split, middle - 10, end - split, 20, "one faded");
        return;
      }
      // on a narrow page the longest needs the whole line
      sketch.text(isNarrow ? 0 : start, top + 8, isNarrow ? short : conditional, "conditional start");
      const split = start + (end - start) * (1 - black);
      const isDrawn = index < step;
      sketch.rect(start, middle - 10, split - start, 20, isDrawn && value === 1 ? "zero faded" : "zero");
      sketch.rect(split, middle - 10, end - split, 20, isDrawn && value === 0 ? "one faded" : "one");
      if (split - start > 16) sketch.text((start + split) / 2, middle, "0", "zero");
      if (end - split > 16) sketch.text((split + end) / 2, middle, "1", "one");
      if (!isDrawn) return;
      const [from, to] = value === 1 ? [split, end] : [start, split];
      sketch.rect(from, middle - 10, to - from, 20, "taken");
      if (uniform !== null) {
        const x = start + (end - start) * uniform;
        sketch.path(`M${x.toFixed(1)} ${middle + 11}l-5 9h10z`, "noise");
        const side = x < (start + end) / 2 ? ["start", 9] : ["end", -9];
        sketch.text(x + side[1], middle + 18, say("draws", { uniform, value }), `noise ${side[0]}`);
      } else if (!facts.isOthers) sketch.text(start, middle + 18, say("kept", { value }), "noise start");
      if (!isNarrow) sketch.text(width - 92, middle, factor, "number end");
      sketch.text(width, middle, soFar, index === size - 1 ? "number end strong" : "number end");
    });
    return 34 + 74 * size;
  }

  // The pixels before a step: known ones black or white, the next one marked, the others open.
  function drawPixels({ order, pattern, step, isOthers }, index, x, y, side) {
    order.forEach((pixel, place) => {
      const isKnown = isOthers || place < Math.min(index + 1, step);
      const kind = isKnown ? (pattern[pixel] ? "ink" : "paper") : "open";
      sketch.rect(x + pixel * side + 1, y + 1, side - 2, side - 2, `pixel ${kind}`);
      if (!isKnown) sketch.text(x + (pixel + 0.5) * side, y + side / 2, "?", "open");
    });
    if (index <= step) sketch.rect(x + order[index] * side + 1, y + 1, side - 2, side - 2, "current");
  }

  function drawOrderings(facts, x, y, width) {
    const { size, orderings, current, step, known, surprise, mostNats, logProb } = facts;
    const pitch = size === 4 ? 12.5 : 22;
    const isComplete = step === size;
    const isNarrow = width - x < 400;
    sketch.text(x, y + 12, !isComplete ? (isNarrow ? "Surprise so far" : "Surprise so far; complete the pattern to see all orderings")
      : isNarrow ? "Every ordering: other factors, one product"
        : "The same pattern in every ordering: other factors, one product", "heading start");
    const start = x + (size === 4 ? 66 : 54);
    const top = y + 50;
    const scale = (width - start - 4) / mostNats;
    for (let pixel = 0; pixel < size; pixel++) {
      sketch.rect(start + 58 * pixel, y + 25, 12, 12, `pixel-${pixel}`);
      sketch.text(start + 58 * pixel + 17, y + 31, nameOf(pixel), "start");
    }
    orderings.forEach((ordering, row) => {
      const [isCurrent, line] = [row === current, top + pitch * row];
      sketch.text(start - 8, line + pitch / 2, ordering.map(nameOf).join(" "), isCurrent ? "order end strong" : "order end");
      if (!isComplete && !isCurrent) return;
      let at = start;
      surprise(isComplete ? ordering : known).forEach(({ pixel, nats }) => {
        sketch.rect(at, line + 1, nats * scale - 0.8, pitch - 2.5, `pixel-${pixel}`);
        at += nats * scale;
      });
      if (isCurrent) sketch.path(`M${x} ${line - 0.5}H${(at + 3).toFixed(1)}v${pitch}H${x}z`, "box");
    });
    const bottom = top + pitch * orderings.length;
    const at = start - scale * logProb;
    sketch.path(`M${at.toFixed(1)} ${top - 4}V${bottom + 5}`, "total");
    sketch.text(Math.min(at, width - 40), bottom + 15, say("total", { value: logProb }), "strong");
    sketch.text(start, bottom + 33, "length = −log of each factor, in nats", "start");
    return bottom + 44;
  }

  // Every pattern's probability, and the product of its conditionals given all others.
  function drawPatterns({ rows, pattern, total, size }, x, y, width) {
    const pitch = size === 4 ? 19 : 30;
    const [start, top] = [x + 14 + 9 * size, y + 50];
    const most = Math.max(...rows.flatMap(({ share, product }) => [share, product]));
    const long = (share) => (share / most) * (width - start - 50);
    const swatches = [["product", say("products", { total })], ["share", say("probabilities")]];
    swatches.forEach(([kind, words], line) => {
      sketch.rect(x, y + 6 + 18 * line, 12, 12, kind);
      sketch.text(x + 18, y + 12 + 18 * line, words, "start");
    });
    rows.forEach(({ values, share, product }, row) => {
      const line = top + pitch * row;
      const isCurrent = `${values}` === `${pattern}`;
      sketch.text(start - 8, line + pitch / 2, values.join(""), isCurrent ? "order end strong" : "order end");
      sketch.rect(start, line + 2, long(product), pitch / 2 - 2, "product");
      sketch.rect(start, line + pitch / 2, long(share), pitch / 2 - 2, "share");
      sketch.text(start + Math.max(long(product), long(share)) + 6, line + pitch / 2, fixed(product, 2), "order start");
      if (isCurrent) sketch.path(`M${x} ${line}H${width}v${pitch}H${x}z`, "box");
    });
    return top + pitch * rows.length + 8;
  }

  return {
    draw,
    // How far along its bar a place is, from 0 to 1, and which row of the steps it is in, or null.
    along: (x) => (x - bars.start) / (bars.end - bars.start),
    rowAt({ x, y }) {
      const row = Math.floor((y - 34) / 74);
      return row < 0 || row >= bars.rows || x < bars.start - 6 || x > bars.end + 6 ? null : row;
    },
  };
}
