// The mixture of the knobs that explains data best, found one knob at a time as in fit.py.

function fittedMixture({ mostSweeps, same }, masses, weights, shares, start) {
  const components = start.map((component) => [...component]);
  const used = [...shares.keys()].filter((level) => shares[level] > 0);
  const choices = [masses.length, masses[0].length, weights.length];
  const bits = () => {
    const total = components.reduce((sum, [, , weight]) => sum + weights[weight], 0);
    return -used.reduce((sum, level) => sum + shares[level] * Math.log2(components.reduce((mixed, [mean, scale, weight]) =>
      mixed + (weights[weight] / total) * masses[mean][scale][level], 0)), 0);
  };
  let lowest = bits();
  for (let sweep = 0; sweep < mostSweeps; sweep++) {
    const before = lowest;
    for (const component of components) {
      for (const knob of choices.keys()) {
        let best = component[knob];
        for (let value = 0; value < choices[knob]; value++) {
          component[knob] = value;
          const now = bits();
          if (now < lowest - same) [best, lowest] = [value, now];
        }
        component[knob] = best;
      }
    }
    if (lowest === before) break;
  }
  return components;
}
