// Gradient ascent step by step, as climb.py takes the steps.

function climbed({ most, atRest }, start, step, isPlace) {
  const path = [start];
  if (!isPlace(start)) return { path, off: null, rests: true };
  for (let count = 0; count < most; count++) {
    const there = step(path.at(-1));
    if (!isPlace(there)) return { path, off: there, rests: false };
    const moved = Math.max(...there.map((value, each) => Math.abs(value - path.at(-1)[each])));
    path.push(there);
    if (moved < atRest) return { path, off: null, rests: true };
  }
  return { path, off: null, rests: false };
}

function climbTemplate({ path, off, rests }, number) {
  if (number < path.length - 1) return number ? "climb_on" : "climb_start";
  return off ? "climb_off" : rests ? "climb_rests" : "climb_on";
}
