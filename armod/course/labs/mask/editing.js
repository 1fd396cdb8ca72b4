// Changing a network: degrees, single connections, the ordering, and the comparison in the output mask.
// The rule is that of armod/models/made/masks.py; tests hold the two against each other.

// A weight is kept if the degree above is at least the one below; to an output only if it is greater. `isStrict` false is
// the well-known mistake: an output then sees itself.
const keepsWeight = (above, below, isOutput, isStrict) => (isOutput && isStrict ? above > below : above >= below);

function masksOf(degrees, isStrict) {
  return degrees.slice(1).map((above, level) => above.map((high) => degrees[level].map((low) =>
    keepsWeight(high, low, level === degrees.length - 2, isStrict))));
}

// A network as the lab draws it; what is seen follows from the masks.
function networkFacts({ ordering, hidden, masks, output }) {
  const position = new Array(ordering.length);
  ordering.forEach((variable, place) => (position[variable] = place));
  const ends = position.map((before) => before + 1);
  const degrees = [ends, ...hidden, ends];
  return withPaths({ size: ordering.length, ordering, position, degrees, masks, output });
}

// Facts with the number of paths from each input to each output, the product of the masks, and what is seen by them.
function withPaths(facts) {
  const { masks } = facts;
  const paths = masks.slice(1).reduce((counts, mask) => mask.map((row) => counts[0].map((_, input) =>
    row.reduce((sum, kept, unit) => sum + (kept ? counts[unit][input] : 0), 0))), masks[0].map((row) => row.map(Number)));
  return { ...facts, paths, sees: paths.map((row) => row.map((count) => count > 0)) };
}

// With another degree of one hidden unit: the weights into and out of it are kept or not by the rule, all others stay.
function withDegree(network, level, unit, degree) {
  const hidden = network.hidden.map((layer, index) => layer.map((each, other) =>
    index === level - 1 && other === unit ? degree : each));
  const { degrees } = networkFacts({ ...network, hidden });
  const ruled = masksOf(degrees, network.isStrict);
  const masks = network.masks.map((mask, gap) => mask.map((row, above) => row.map((kept, below) =>
    (gap === level - 1 && above === unit) || (gap === level && below === unit) ? ruled[gap][above][below] : kept)));
  return { ...network, hidden, masks };
}

// With one connection cut, or put in.
function withToggled(network, level, above, below) {
  const masks = network.masks.map((mask, gap) => gap !== level ? mask
    : mask.map((row, high) => high !== above ? row : row.map((kept, low) => (low === below ? !kept : kept))));
  return { ...network, masks };
}

// With another ordering or comparison: all weights by the rule.
function withRule(network, changes) {
  const changed = { ...network, ...changes };
  return { ...changed, masks: masksOf(networkFacts(changed).degrees, changed.isStrict) };
}

const MOST_ENUMERATED = 10; // variables whose observations are added up, as in live.py

// The probabilities of all observations of bits, added up: 1, unless the masks leak. Each weight is a random number, the
// same for the same place (mulberry32, mean 0 and variance 1), and those that are masked are left out.
function totalProbability({ masks, size }) {
  let state = 0;
  const draw = () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.sqrt(3) * (2 * (((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) - 1);
  };
  // of each unit the weights that are kept, and from where
  const layers = masks.map((mask) => mask.map((row) =>
    row.map((kept, below) => [below, draw() * kept]).filter(([below]) => row[below])));
  let total = 0;
  for (let number = 0; number < 2 ** size; number++) {
    let units = Array.from({ length: size }, (_, place) => (number >> place) & 1);
    const bits = units;
    for (const layer of layers) {
      units = layer.map((weights) => {
        let sum = 0;
        for (const [below, weight] of weights) sum += weight * units[below];
        return layer === layers.at(-1) ? sum : Math.max(0, sum + 0.5);
      });
    }
    let surprise = 0;
    for (let place = 0; place < size; place++) surprise += Math.log1p(Math.exp(bits[place] ? -units[place] : units[place]));
    total += Math.exp(-surprise);
  }
  return total;
}

// A line above the drawing: the leaks and the total probability, or another sentence in its place.
function createTotal(lab, say) {
  const line = element("p", { class: "verdict" });
  lab.svg.before(line);
  let past = {};
  // added up anew only where a mask has changed
  const total = (facts) => {
    const key = JSON.stringify(facts.masks);
    if (past.key !== key) past = { key, sum: totalProbability(facts) };
    return past.sum;
  };
  return (facts, other) => {
    const { sees, position, size } = facts;
    const leaks = sees.flatMap((row, above) => row.filter((is, below) => is && position[below] >= position[above])).length;
    put(line, "class", leaks ? "verdict wrong" : "verdict");
    if (other !== undefined) put(line, "text", other);
    else if (size > MOST_ENUMERATED) put(line, "text", say("note_many", { leaks, size }));
    else put(line, "text", say("note", { leaks, count: 2 ** size, total: total(facts) }));
  };
}
