// Notes that sound in the page: harmonics that fade, as armod/music/synth.py makes them.

const HARMONICS = 8;
const frequencyOf = (pitch) => 440 * 2 ** ((pitch - 69) / 12);

// Plays notes [begin, length, pitch] from a step on; `pace` is the seconds of a step. Gives the context's time of step 0.
function playNotes(context, notes, pace, from) {
  const harmonics = Float32Array.from({ length: HARMONICS + 1 }, (_, h) => (h ? 1 / h ** 1.5 : 0));
  const tone = context.createPeriodicWave(new Float32Array(HARMONICS + 1), harmonics);
  const out = context.createGain();
  out.gain.value = 0.16;
  out.connect(context.destination);
  const origin = context.currentTime + 0.05 - from * pace;
  for (const [begin, length, pitch] of notes) {
    if (begin + length <= from) continue;
    const [start, end] = [origin + Math.max(begin, from) * pace, origin + (begin + length) * pace];
    const [voice, loudness] = [context.createOscillator(), context.createGain()];
    voice.setPeriodicWave(tone);
    voice.frequency.value = frequencyOf(pitch);
    loudness.gain.setValueAtTime(0, start);
    loudness.gain.linearRampToValueAtTime(1, start + 0.02);
    loudness.gain.setTargetAtTime(0, start + 0.02, 1 / 0.6);
    loudness.gain.setTargetAtTime(0, end, 0.04);
    voice.connect(loudness).connect(out);
    voice.start(start);
    voice.stop(end + 0.2);
  }
  return origin;
}
