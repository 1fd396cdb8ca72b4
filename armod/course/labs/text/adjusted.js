// The probabilities of levels whose costs are in `grain` parts of a nat, after the knobs; as armod/sampling/adjust.py.
function adjusted(costs, order, { grain, temperature, topK, topP }) {
  const logs = order.map((level) => -costs[level] / grain / temperature);
  const weights = logs.map((log, rank) => (rank < topK ? Math.exp(log - logs[0]) : 0));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  let reached = 0;
  const stays = weights.map((weight, rank) => {
    const before = reached;
    reached += weight / total;
    return weight > 0 && (rank === 0 || topP === 1 || before < topP - 4 * Number.EPSILON);
  });
  const left = weights.reduce((sum, weight, rank) => sum + (stays[rank] ? weight : 0), 0);
  const probabilities = new Array(costs.length).fill(0);
  order.forEach((level, rank) => { if (stays[rank]) probabilities[level] = weights[rank] / left; });
  return probabilities;
}
