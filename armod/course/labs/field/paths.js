// Paths through masked convolutions, as paths.py counts them; tests hold the two against each other.

// A typed list of layers from the image up, such as "A3, B3, B5x2": mask, kernel, dilation. Null if it is none.
function parseLayers(text, most, kernels, mostDilation) {
  const words = text.toUpperCase().split(/[\s,;]+/).filter(Boolean).map((word) => /^([AB])(\d)(?:[X×](\d))?$/.exec(word));
  const fits = words.length >= 1 && words.length <= most
    && words.every((word) => word && kernels.includes(Number(word[2])) && Number(word[3] ?? 1) >= 1 && Number(word[3] ?? 1) <= mostDilation);
  return fits ? words.map(([, mask, kernel, dilation]) => ({ mask, kernel: Number(kernel), dilation: Number(dilation ?? 1) })) : null;
}

const layerName = ({ mask, kernel, dilation }) => `${mask}${kernel}${dilation > 1 ? `×${dilation}` : ""}`;

// Taps of a mask as [rows down, columns to the right, is it the centre?], of a whole kernel, its rows, or its row.
function tapsOf(part, { mask, kernel, dilation }) {
  const half = Math.floor(kernel / 2);
  const taps = [];
  for (let row = part === "horizontal" ? 0 : -half; row <= 0; row += 1)
    for (let column = -half; column <= half; column += 1) {
      const isKept = part === "vertical" ? row < 0 || mask === "B" : row < 0 || column <= 0;
      const isCentre = part !== "vertical" && row === 0 && column === 0;
      if (isKept) taps.push([row * dilation, column * dilation, isCentre]);
    }
  return taps;
}

// From one value of an image (channel, row, column) down, how many paths lead to each unit of every level. A level is a
// list of planes with their counts: the groups of channels of a stack and, of two stacks, the vertical one last.
function countPaths({ stack, layers, channels, size }, { row, column, channel }) {
  const area = size * size;
  const plane = () => new Float64Array(area);
  const spread = (from, to, taps) => {
    for (let r = 0; r < size; r += 1)
      for (let c = 0; c < size; c += 1) {
        const count = from[r * size + c];
        if (count)
          for (const [down, right] of taps) {
            const [y, x] = [r + down, c + right];
            if (y >= 0 && x >= 0 && x < size) to[y * size + x] += count;
          }
      }
  };
  const isGated = stack === "gated";
  let level = Array.from({ length: channels + Number(isGated) }, plane);
  level[channel][row * size + column] = 1;
  const levels = [level];
  [...layers].reverse().forEach((layer, index) => {
    const next = Array.from({ length: channels + Number(isGated) }, plane);
    const taps = tapsOf(isGated ? "horizontal" : "plain", layer);
    for (let above = 0; above < channels; above += 1)
      for (let below = 0; below < channels; below += 1) {
        const sees = layer.mask === "A" ? below < above : below <= above;
        spread(level[above], next[below], taps.filter(([, , isCentre]) => sees || !isCentre));
      }
    if (isGated) {
      // each horizontal unit reads the vertical one at its place
      const vertical = level[channels].map((count, pixel) => level.slice(0, channels).reduce((sum, each) => sum + each[pixel], count));
      spread(vertical, next[channels], tapsOf("vertical", layer));
    }
    level = next;
    if (isGated && index === layers.length - 1) // both stacks read the image
      level = next.slice(0, channels).map((each) => each.map((count, pixel) => count + next[channels][pixel]));
    levels.push(level);
  });
  return levels;
}

// One path from a value of the image up to the chosen one: a place for each level, or null. Of the ways up it takes the one
// nearest to the straight line.
function onePath(setting, chosen, levels, pixel, plane) {
  const { stack, layers, channels, size } = setting;
  if (!levels.at(-1)[plane][pixel]) return null;
  const isGated = stack === "gated";
  const place = (each) => [Math.floor(each / size), each % size];
  const ends = [place(pixel), [chosen.row, chosen.column]];
  const up = (at, part, planes, layer, number) => {
    const [row, column] = place(at.pixel);
    return planes.flatMap(([above, sees]) => tapsOf(part, layer).flatMap(([down, right, isCentre]) => {
      const [r, c] = [row - down, column - right];
      if (r < 0 || r >= size || c < 0 || c >= size || (isCentre && !sees)) return [];
      const to = r * size + c;
      return above.some((each) => levels[number][each][to]) ? [{ pixel: to, plane: above.find((each) => levels[number][each][to]) }] : [];
    }));
  };
  let at = { pixel, plane };
  const path = [place(pixel)];
  for (let number = layers.length - 1; number >= 0; number -= 1) {
    const layer = layers[layers.length - 1 - number];
    const groups = [...Array(channels).keys()];
    const horizontal = groups.map((above) => [[above], layer.mask === "A" ? at.plane < above : at.plane <= above]);
    const isImage = number === layers.length - 1;
    const ways = [];
    if (!isGated) ways.push(...up(at, "plain", horizontal, layer, number));
    else {
      if (at.plane < channels) ways.push(...up(at, "horizontal", horizontal, layer, number));
      // up through the vertical stack, into it or, at the same place, into the horizontal one
      if (isImage || at.plane === channels) ways.push(...up(at, "vertical", [[[channels, ...groups], true]], layer, number));
    }
    const share = (layers.length - number) / layers.length;
    const aim = [0, 1].map((axis) => ends[0][axis] + share * (ends[1][axis] - ends[0][axis]));
    const distance = (way) => place(way.pixel).reduce((sum, each, axis) => sum + (each - aim[axis]) ** 2, 0);
    at = ways.reduce((best, way) => (distance(way) < distance(best) ? way : best));
    path.push(place(at.pixel));
  }
  return path;
}
