// The best mean and scale by Newton's method, step for step as in maximiser.py, which says why it works.

function hasMaximiser(counts) {
  const used = [...counts.keys()].filter((level) => counts[level]);
  const [first, last] = [used[0], used[used.length - 1]];
  return used.length > 1 && last - first > 1 && !(used.length === 2 && first === 0 && last === counts.length - 1);
}

function maximiser(counts, mean, scale) {
  let at = [1 / scale, mean / scale];
  let value = logLikelihood(counts, ...at);
  for (let round = 0; round < 100; round++) {
    const { g, h, gg, gh, hh } = derivatives(counts, ...at);
    const determinant = gg * hh - gh * gh;
    const step = [(gh * h - hh * g) / determinant, (gh * g - gg * h) / determinant];
    if (g * step[0] + h * step[1] < 1e-9) {
      at = [at[0] + step[0], at[1] + step[1]];
      break;
    }
    let moved;
    for (let size = 1; size > 1e-12; size /= 2) {
      moved = [at[0] + size * step[0], at[1] + size * step[1]];
      if (moved[0] > 0 && logLikelihood(counts, ...moved) >= value) break;
    }
    [at, value] = [moved, logLikelihood(counts, ...moved)];
  }
  return [at[1] / at[0], 1 / at[0]];
}

function logLikelihood(counts, rise, shift) {
  return counts.reduce((sum, count, level) => (count ? sum + count * logMass(level, rise, shift, counts.length) : sum), 0);
}

function slopes(counts, mean, scale) {
  const rise = 1 / scale;
  const { g, h } = derivatives(counts, rise, mean * rise);
  return [h * rise, -(g + h * mean) * rise * rise];
}

function logMass(level, rise, shift, numLevels) {
  const ends = binEnds(level, numLevels);
  const within = ends.length === 2 ? Math.log(-Math.expm1(-rise)) : 0;
  return ends.reduce((sum, [a, b]) => sum + logSigmoid(a * rise + b * shift), within);
}

function binEnds(level, numLevels) {
  const upper = level < numLevels - 1 ? [[level + 0.5, -1]] : [];
  return level > 0 ? [...upper, [0.5 - level, 1]] : upper;
}

function derivatives(counts, rise, shift) {
  let [g, h, gg, gh, hh] = [0, 0, 0, 0, 0];
  counts.forEach((count, level) => {
    if (!count) return;
    const ends = binEnds(level, counts.length);
    for (const [a, b] of ends) {
      const x = a * rise + b * shift;
      const slope = Math.exp(logSigmoid(-x));
      const curvature = slope * Math.exp(logSigmoid(x));
      g += count * slope * a;
      h += count * slope * b;
      gg -= count * curvature * a * a;
      gh -= count * curvature * a * b;
      hh -= count * curvature * b * b;
    }
    if (ends.length === 2) {
      g += count / Math.expm1(rise);
      gg -= count / (2 * Math.sinh(rise / 2)) ** 2;
    }
  });
  return { g, h, gg, gh, hh };
}

function logSigmoid(x) {
  return Math.min(x, 0) - Math.log1p(Math.exp(-Math.abs(x)));
}
