// What the lab shows at one setting, and its sentences, as armod/figures/field_facts.py has them; tests hold the two
// against each other.

const counted = (number, thing) => `${number} ${thing}${number === 1 ? "" : "s"}`;
const placeName = (row, column) => `Row ${row + 1}, column ${column + 1}`;

function fieldFacts(data, sees, { stack, first, kernel, depth, row, column }) {
  const { size } = data;
  const numPixels = size * size;
  const setting = data.settings.indexOf(`${stack} ${first} ${kernel} ${depth}`);
  const chosen = row * size + column;
  const extent = depth * Math.floor(kernel / 2);
  // matrices lie one after another, each from a new byte; bits from the highest down
  const begin = setting * Math.ceil((numPixels * numPixels) / 8);
  const isSeen = (pixel) => {
    const bit = chosen * numPixels + pixel;
    return (sees[begin + (bit >> 3)] >> (7 - (bit & 7))) & 1;
  };
  const kinds = Array.from({ length: numPixels }, (_, pixel) => {
    if (pixel >= chosen) return isSeen(pixel) ? "leak" : "later";
    if (isSeen(pixel)) return "seen";
    const distance = Math.max(Math.abs(Math.floor(pixel / size) - row), Math.abs((pixel % size) - column));
    return distance <= extent ? "blind" : "far";
  });
  const counts = Object.fromEntries(Object.keys(data.kinds).map((kind) => [kind, 0]));
  for (const kind of kinds) counts[kind] += 1;
  return { stack, first, kernel, depth, row, column, chosen, extent, kinds, counts, size };
}

function findingOf({ stack, kernel, depth, counts }) {
  const name = `${stack === "plain" ? "One stack" : "Two stacks"}, ${depth} layers of ${kernel}×${kernel}`;
  if (counts.leak) {
    const others = counts.leak > 1 ? ` and ${counted(counts.leak - 1, "later pixel")}` : "";
    return `${name}, mask B first: a leak, the pixel sees itself${others}`;
  }
  const missed = counts.blind ? `${counts.blind} in the blind spot` : "no blind spot";
  return `${name}: ${counted(counts.seen, "earlier pixel")} seen, ${missed}`;
}

function detailOf({ row, column, chosen, counts }) {
  return `${placeName(row, column)} comes after ${counted(chosen, "pixel")}: ${counts.seen} seen, `
    + `${counts.blind} in the blind spot, ${counts.far} out of reach.`;
}

function pixelSentence({ kinds, chosen, extent, size }, pixel) {
  const isItself = pixel === chosen;
  const words = {
    seen: "seen, some path through the masks leads to it",
    blind: "blind spot, earlier and near enough, but on no path through the masks",
    far: `out of reach, more than ${extent} rows or columns away`,
    leak: isItself ? "leak, the chosen pixel sees its own value" : "leak, not generated yet and seen all the same",
    later: isItself ? "the chosen pixel, which does not see itself" : "not generated yet, hidden by every mask",
  }[kinds[pixel]];
  return `${placeName(Math.floor(pixel / size), pixel % size)}: ${words}.`;
}
