// Levels to sound, and words that are known: what armod.sound.decode and armod.speech.words do.

function waveOf(levels) {
  const wave = new Float32Array(levels.length);
  let before = 0;
  levels.forEach((level, time) => {
    const code = (2 * level + 1) / 256 - 1;
    before = (Math.sign(code) * (256 ** Math.abs(code) - 1)) / 255 / 2 + 0.85 * before;
    wave[time] = between(-1, before, 1);
  });
  return wave;
}

// A WAV file of 16-bit samples as an address.
function addressOf(wave, rate) {
  const bytes = new DataView(new ArrayBuffer(44 + 2 * wave.length));
  const text = (place, words) => [...words].forEach((letter, index) => bytes.setUint8(place + index, letter.charCodeAt(0)));
  text(0, "RIFF");
  text(8, "WAVEfmt ");
  text(36, "data");
  for (const [place, number] of [[4, 36 + 2 * wave.length], [16, 16], [24, rate], [28, 2 * rate], [40, 2 * wave.length]])
    bytes.setUint32(place, number, true);
  for (const [place, number] of [[20, 1], [22, 1], [32, 2], [34, 16]]) bytes.setUint16(place, number, true);
  wave.forEach((sample, time) => bytes.setInt16(44 + 2 * time, Math.round(32767 * sample), true));
  let letters = "";
  new Uint8Array(bytes.buffer).forEach((byte) => { letters += String.fromCharCode(byte); });
  return `data:audio/wav;base64,${btoa(letters)}`;
}

// The words of a text, as `words` of armod.speech.text finds them; numbers and signs are left as they are.
function wordsOf(text) {
  const letters = text.toLowerCase().normalize("NFC").replaceAll("’", "'").replace(/\b([a-z])\.([a-z])\./g, "$1.$2");
  const tokens = letters.match(/\p{Nd}+(?:,\p{Nd}{3})*|(?<![a-z])[a-z]\.(?=[a-z])|[\p{L}\p{Nl}\p{No}]+(?:'[\p{L}\p{Nl}\p{No}]+)*|[#*@&%+=$¢£¥€]|[,.;:!?]+/gu) ?? [];
  return tokens.filter((token) => !/^[,.;:!?]/.test(token))
    .map((token) => (token.length === 2 && token.endsWith(".") && token !== "a." ? token[0] : token));
}
