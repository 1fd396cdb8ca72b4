// What the lab shows, as numbers and sentences. Degrees and masks come from Python's table; nothing here makes a mask.
// The walks are those of facts.py, and tests hold the two against each other.

// The table of lab.py: for every setting, the degrees of its last hidden layer, the mask below it, the mask above.
async function readTable(data) {
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
  return Array.from({ length: rows }, (_, row) =>
    Array.from({ length: columns }, (_, column) => bitOf(bytes, start, row * columns + column)));
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

function finding(say, { size, position, sees, output }) {
  const before = position[output];
  const leaked = sees[output].filter((is, variable) => is && position[variable] >= before).length;
  const seen = countOf([sees[output]]) - leaked;
  const template = leaked ? "finding_leak" : before === 0 ? "finding_first" : seen === before ? "finding_all"
    : before === 1 ? "finding_not_one" : "finding";
  return say(template, { output: output + 1, seen, leaked, before, after: size - 1 - before });
}

// What feeds one unit, and what it feeds.
function unitSentence(say, { degrees, masks, counts }, level, unit) {
  const kind = level === 0 ? "input" : level === masks.length ? "output" : "hidden";
  const [sees, feeds] = [ancestors(masks, level, unit)[0], descendants(masks, level, unit).at(-1)].map(numbersOf);
  const count = counts?.[level][unit] ?? 1;
  return say(count > 1 ? "units" : kind, { unit: unit + 1, count, level, degree: degrees[level][unit], sees, feeds });
}

// A typed ordering as variables from 0, or one sentence that says what is wrong with it.
function parseOrdering(say, text, size) {
  const rule = say("rule", { size });
  const words = text.split(/[\s,;]+/).filter(Boolean);
  const word = words.find((each) => !/^\d+$/.test(each) || +each < 1 || +each > size);
  if (word !== undefined) return { error: say("not_one", { rule, word }) };
  const typed = words.map(Number);
  const number = typed.find((each, index) => typed.indexOf(each) < index);
  if (number !== undefined) return { error: say("twice", { rule, number }) };
  const numbers = Array.from({ length: size }, (_, index) => index + 1).filter((each) => !typed.includes(each));
  if (numbers.length) return { error: say("missing", { rule, numbers }) };
  return { ordering: typed.map((each) => each - 1) };
}

// A typed ordering for another number of variables: those beyond it left out, new ones at the end.
function fitted(ordering, size) {
  const kept = ordering.filter((variable) => variable < size);
  const added = Array.from({ length: size }, (_, variable) => variable).filter((variable) => !kept.includes(variable));
  return [...kept, ...added];
}
