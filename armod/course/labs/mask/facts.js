// What the lab shows, as numbers and sentences. Degrees and masks come from Python's table; nothing here makes a mask.
// The walks and sentences are those of armod/figures/mask_facts.py, and tests hold the two against each other.

// The table of mask_lab.py: for every setting, the degrees of its last hidden layer, the mask below it, the mask above.
async function readTable(data, unpack) {
  const [degrees, hidden, output] = await Promise.all([data.degrees, data.hiddenMasks, data.outputMasks].map(unpack));
  const places = new Map();
  const next = { degrees: 0, hidden: 0, output: 0 };
  for (const size of data.variables)
    for (const draw of data.draws)
      for (const layers of data.layers) {
        places.set([size, draw, ...layers].join(), { ...next });
        const [below, last] = [size, ...layers].slice(-2);
        next.degrees += last;
        next.hidden += Math.ceil((last * below) / 8);
        next.output += Math.ceil((size * last) / 8);
      }
  return { degrees, hidden, output, places };
}

function readMask(bytes, start, rows, columns) {
  const bit = (index) => ((bytes[start + (index >> 3)] >> (7 - (index & 7))) & 1) === 1;
  return Array.from({ length: rows }, (_, row) => Array.from({ length: columns }, (_, column) => bit(row * columns + column)));
}

// One MADE and one of its outputs. The table holds the natural ordering: another one permutes the columns of the first
// mask and the rows of the last, and leaves the hidden units as they are.
function maskFacts(table, { draw, layers, ordering, output }) {
  const size = ordering.length;
  const position = new Array(size);
  ordering.forEach((variable, place) => (position[variable] = place));
  const place = (depth) => table.places.get([size, draw, ...layers.slice(0, depth)].join());
  const ends = position.map((before) => before + 1);
  const degrees = [ends, ...layers.map((units, index) => {
    const start = place(index + 1).degrees;
    return Array.from(table.degrees.subarray(start, start + units));
  }), ends];
  const masks = layers.map((units, index) =>
    readMask(table.hidden, place(index + 1).hidden, units, index ? layers[index - 1] : size));
  masks[0] = masks[0].map((row) => position.map((before) => row[before]));
  const last = readMask(table.output, place(layers.length).output, size, layers.at(-1));
  masks.push(position.map((before) => last[before]));
  const sees = position.map((_, variable) => ancestors(masks, masks.length, variable)[0]);
  return { size, ordering, position, degrees, masks, sees, output };
}

function unitsOf(masks, level) {
  return level < masks.length ? masks[level][0].length : masks.at(-1).length;
}

// For each level from the inputs up to `level`: which units feed the given one.
function ancestors(masks, level, unit) {
  const lit = [Array.from({ length: unitsOf(masks, level) }, (_, index) => index === unit)];
  for (const mask of masks.slice(0, level).reverse())
    lit.unshift(mask[0].map((_, below) => mask.some((row, above) => lit[0][above] && row[below])));
  return lit;
}

// For each level from `level` up to the outputs: which units the given one feeds.
function descendants(masks, level, unit) {
  const lit = [Array.from({ length: unitsOf(masks, level) }, (_, index) => index === unit)];
  for (const mask of masks.slice(level)) {
    const below = lit.at(-1);
    lit.push(mask.map((row) => row.some((kept, index) => kept && below[index])));
  }
  return lit;
}

const numbersOf = (lit) => lit.flatMap((is, index) => (is ? [index + 1] : []));
const countOf = (mask) => mask.reduce((sum, row) => sum + row.filter(Boolean).length, 0);

function finding({ size, position, sees, output }) {
  const before = position[output];
  const seen = numbersOf(sees[output]).length;
  const name = `Output ${output + 1}`;
  if (before === 0) return `${name} sees nothing: it is the first in the ordering`;
  if (seen === before) {
    const everything = { 1: "the one input", 2: "both inputs" }[before] ?? `all ${before} inputs`;
    return `${name} sees ${everything} before it${before === size - 1 ? "" : ", and nothing after"}`;
  }
  if (before === 1) return `${name} does not see the one input before it`;
  return `${name} sees ${seen || "none"} of the ${before} inputs before it`;
}

// What feeds one unit, and what it feeds.
function unitSentence({ degrees, masks }, level, unit) {
  const listed = (noun, lit) => {
    const numbers = numbersOf(lit);
    return numbers.length ? `${numbers.length} ${noun}${numbers.length > 1 ? "s" : ""}: ${numbers.join(", ")}` : `no ${noun}`;
  };
  const sees = `sees ${listed("input", ancestors(masks, level, unit)[0])}`;
  const feeds = `feeds ${listed("output", descendants(masks, level, unit).at(-1))}`;
  const degree = degrees[level][unit];
  if (level === 0) return `Input ${unit + 1}, number ${degree} in the ordering, ${feeds}`;
  if (level === masks.length) return `Output ${unit + 1}, number ${degree} in the ordering, ${sees}`;
  return `Unit ${unit + 1} of hidden layer ${level}, degree ${degree}, ${sees}; it ${feeds}`;
}

// Pairs (output, input) that are connected, and those that the ordering allows.
function pairs({ size, sees }) {
  return [countOf(sees), (size * (size - 1)) / 2];
}

// A typed ordering as variables from 0, or one sentence that says what is wrong with it.
function parseOrdering(text, size) {
  const rule = size === 1 ? "The ordering of 1 variable is 1" : `An ordering of ${size} variables names each of 1 to ${size} once`;
  const words = text.split(/[\s,;]+/).filter(Boolean);
  const odd = words.find((word) => !/^\d+$/.test(word) || +word < 1 || +word > size);
  if (odd !== undefined) return { error: `${rule}: "${odd}" is not one of them.` };
  const numbers = words.map(Number);
  const twice = numbers.find((number, index) => numbers.indexOf(number) < index);
  if (twice !== undefined) return { error: `${rule}: ${twice} comes twice.` };
  const missing = Array.from({ length: size }, (_, index) => index + 1).filter((number) => !numbers.includes(number));
  if (missing.length) return { error: `${rule}: ${missing.join(", ")} ${missing.length > 1 ? "are" : "is"} missing.` };
  return { ordering: numbers.map((number) => number - 1) };
}

// A typed ordering for another number of variables: those beyond it left out, new ones at the end.
function fitted(ordering, size) {
  const kept = ordering.filter((variable) => variable < size);
  const added = Array.from({ length: size }, (_, variable) => variable).filter((variable) => !kept.includes(variable));
  return [...kept, ...added];
}
