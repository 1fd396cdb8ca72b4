// What the lab shows at one setting, as facts.py and paths.py have it.

function fieldFacts(say, setting, { row, column, channel }) {
  const { stack, layers, channels, size } = setting;
  const rgb = channels > 1 ? "_rgb" : "";
  const levels = countPaths(setting, { row, column, channel });
  const paths = levels.at(-1);
  const extent = layers.reduce((sum, { kernel, dilation }) => sum + Math.floor(kernel / 2) * dilation, 0);
  const chosen = (row * size + column) * channels + channel;
  const kinds = paths.map((plane, group) => Array.from(plane, (count, pixel) => {
    if (pixel * channels + group >= chosen) return count ? "leak" : "later";
    if (count) return "seen";
    return Math.max(Math.abs(Math.floor(pixel / size) - row), Math.abs((pixel % size) - column)) <= extent ? "blind" : "far";
  }));
  const counts = { seen: 0, blind: 0, far: 0, leak: 0, later: 0 };
  for (const kind of kinds.flat()) counts[kind] += 1;
  const own = kinds[channel][row * size + column] === "leak";
  const [{ kernel }] = layers;
  const isUsual = layers.every((layer, number) => layer.kernel === kernel && layer.dilation === 1 && (!number || layer.mask === "B"));
  const named = isUsual ? say("layers", { depth: layers.length, kernel }) : say("layers_own", { layers: layers.map(layerName) });
  const where = (at) => say(`place${rgb}`, { row: at.row + 1, column: at.column + 1, channel: "RGB"[at.plane] });
  const kindOf = (at) => kinds[at.plane][at.row * size + at.column];
  const nearest = (at) => {
    const seen = Array.from({ length: size }, (_, each) => each).filter((each) => paths[at.plane][at.row * size + each]);
    return seen.reduce((best, each) => (best === null || Math.abs(each - at.column) < Math.abs(best - at.column) ? each : best), null);
  };
  return {
    setting, levels, kinds, counts, kindOf, nearest,
    finding: say((counts.leak ? (own ? "finding_leak" : "finding_leak_others") : "finding") + rgb,
      { stack, layers: named, first: layers[0].mask, others: counts.leak - Number(own), ...counts }),
    detail: say(`detail${rgb}`, { where: where({ plane: channel, row, column }), before: chosen, ...counts }),
    sentence(at) {
      const kind = kindOf(at);
      const isChosen = at.row === row && at.column === column && at.plane === channel;
      const text = say(`${isChosen ? "chosen" : "pixel"}_${kind}`,
        { where: where(at), paths: paths[at.plane][at.row * size + at.column].toLocaleString("en"), extent });
      if (kind !== "blind" && kind !== "far") return text;
      const near = nearest(at);
      return `${text} ${near === null ? say("row_empty") : say("row_nearest", { column: near + 1 })}`;
    },
    step: (frame) => say(frame ? "step" : "step_first", { layer: layers.length - frame + 1, below: layers.length - frame,
      units: levels[frame].reduce((sum, plane) => sum + plane.filter((count) => count > 0).length, 0) }),
  };
}

// The masks of a stack by name, layers alike together; a tap is 0 masked, 1 kept, 2 kept wrongly in a first layer.
function namedMasks(stack, layers) {
  const isUsual = layers.every(({ kernel, dilation, mask }, number) =>
    kernel === layers[0].kernel && dilation === layers[0].dilation && (!number || mask === "B"));
  const groups = [];
  layers.forEach((layer, number) => {
    const last = groups.at(-1);
    if (number > 1 && last && layerName(last.layer) === layerName(layer)) last.to = number + 1;
    else groups.push({ layer, from: number + 1, to: number + 1 });
  });
  const drawn = (part, layer, isFirst) => {
    const half = Math.floor(layer.kernel / 2);
    const kept = (mask) => new Set(tapsOf(part, { ...layer, mask, dilation: 1 })
      .filter(([, , isCentre]) => !isCentre || mask === "B").map(([row, column]) => `${row},${column}`));
    const [now, right] = [kept(layer.mask), kept("A")];
    const rows = part === "horizontal" ? [0] : [...Array(layer.kernel).keys()].map((row) => row - half);
    return rows.map((row) => [...Array(layer.kernel).keys()].map((column) => {
      const tap = `${row},${column - half}`;
      return now.has(tap) ? (isFirst && !right.has(tap) ? 2 : 1) : 0;
    }));
  };
  const parts = stack === "plain" ? [["plain", ""]] : [["vertical", "vertical, "], ["horizontal", "horizontal, "]];
  return parts.flatMap(([part, prefix]) => groups.map(({ layer, from, to }) => {
    const usual = from === 1 ? `first${prefix ? "" : " layer"}` : `later${prefix ? "" : " layers"}`;
    const numbers = `${prefix ? "" : from === to ? "layer " : "layers "}${from === to ? from : `${from}–${to}`}`;
    const spread = layer.dilation > 1 ? `, ×${layer.dilation}` : "";
    return [`${prefix}${isUsual ? usual : numbers}: ${layer.mask}${spread}`, drawn(part, layer, from === 1)];
  }));
}
