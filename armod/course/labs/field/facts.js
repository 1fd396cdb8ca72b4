// What the lab shows at one setting, as facts.py has it.

function fieldFacts(data, say, sees, { stack, first, kernel, depth, row, column }) {
  const { size } = data;
  const numPixels = size * size;
  const setting = data.settings.indexOf(`${stack} ${first} ${kernel} ${depth}`);
  const chosen = row * size + column;
  const extent = depth * Math.floor(kernel / 2);
  // matrices lie one after another, each from a new byte; bits from the highest down
  const begin = setting * Math.ceil((numPixels * numPixels) / 8);
  const isSeen = (pixel) => bitOf(sees, begin, chosen * numPixels + pixel);
  const kinds = Array.from({ length: numPixels }, (_, pixel) => {
    if (pixel >= chosen) return isSeen(pixel) ? "leak" : "later";
    if (isSeen(pixel)) return "seen";
    const distance = Math.max(Math.abs(Math.floor(pixel / size) - row), Math.abs((pixel % size) - column));
    return distance <= extent ? "blind" : "far";
  });
  const counts = Object.fromEntries(Object.keys(data.kinds).map((kind) => [kind, 0]));
  for (const kind of kinds) counts[kind] += 1;
  return {
    chosen, kinds, counts,
    finding: say(counts.leak ? "finding_leak" : "finding", { stack, depth, kernel, others: counts.leak - 1, ...counts }),
    detail: say("detail", { row: row + 1, column: column + 1, before: chosen, ...counts }),
    pixelSentence: (pixel) => say(`${pixel === chosen ? "chosen" : "pixel"}_${kinds[pixel]}`,
      { row: Math.floor(pixel / size) + 1, column: (pixel % size) + 1, extent }),
  };
}
