// A digit with a hole, prepared or painted here, and completions of the prepared ones.

export async function mount(stage, data) {
  const say = createWords(data.words);
  const { height, width, count, methods, nats } = data;
  const size = height * width;
  const bytes = Math.ceil(size / 8);
  const [digits, holes, completions] = [await unpack(data.digits), await unpack(data.holes), await unpack(data.completions)];
  const state = { ...data.start, own: null, row: height >> 1, column: width >> 1 };
  const knobs = createKnobs();
  const turn = (name) => (value) => {
    state[name] = value;
    state.own = null;
    update();
  };
  const digit = knobs.slider("Digit", 1, nats.length, (value) => turn("digit")(value - 1));
  const hole = knobs.slider("Hole", 1, holes.length / bytes, (value) => turn("hole")(value - 1));
  const method = knobs.choice("Method", methods, (name) => turn("method")(methods.indexOf(name)));
  const lab = createLab(stage, {
    kind: "paint-lab", name: "The digit, its hole, and completions", knobs: [digit, hole, method], redraw: draw });
  put(lab.svg, "tabindex", "0");
  put(lab.svg, "data-lm-suppress-shortcuts", "true");
  const [pictures, marks] = [svgElement("g"), svgElement("g")];
  const images = Array.from({ length: count + 1 }, () => svgElement("image", { preserveAspectRatio: "none" }));
  pictures.append(...images);
  lab.svg.append(pictures, marks);
  const sketch = createSketch(marks);
  lab.legend(["ink", "hole", "drawn", "cursor"].map((name) => [name, say(name)]));
  const read = lab.reading(say("fold"), { code });
  const canvas = element("canvas", { width, height });
  const painter = canvas.getContext("2d");
  const colours = { paper: [255, 255, 255], ink: [27, 33, 48], hole: [255, 203, 46], drawn: [217, 96, 10] };
  const big = { left: 0, top: 26, side: 252 };

  const hasInk = (pixel) => bitOf(digits, state.digit * bytes, pixel);
  const isHidden = (pixel) => state.own ? state.own[pixel] : bitOf(holes, state.hole * bytes, pixel);
  const numHidden = () => Array.from({ length: size }, (_, pixel) => isHidden(pixel)).filter(Boolean).length;
  // Four pixels in a hexadecimal digit, as Python reads it.
  const text = (bit) => Array.from({ length: 2 * bytes }, (_, four) =>
    [0, 1, 2, 3].reduce((sum, each) => 2 * sum + Number(4 * four + each < size && bit(4 * four + each)), 0).toString(16)).join("");

  function code() {
    return `from armod.course.labs.paint.lab import paint\npaint("${text(hasInk)}", "${text(isHidden)}")`;
  }

  function address(kindOf) {
    const image = painter.createImageData(width, height);
    for (let pixel = 0; pixel < size; pixel += 1) image.data.set([...colours[kindOf(pixel)], 255], 4 * pixel);
    painter.putImageData(image, 0, 0);
    return canvas.toDataURL();
  }

  function update() {
    digit.show(state.digit + 1);
    hole.show(state.hole + 1);
    method.show(methods[state.method]);
    const costs = nats[state.digit][state.hole];
    const hidden = numHidden();
    if (state.own) {
      lab.find(say("finding_painted", { hidden }));
      lab.tell(`${say("detail_painted")} ${say("hint")}`);
    } else {
      lab.find(say("finding", { method: methods[state.method], nats: costs[state.method] }));
      const others = methods.map((name, index) => say("cost", { method: name, nats: costs[index] }));
      const values = { digit: state.digit + 1, hole: state.hole + 1, hidden, pixels: size, others };
      lab.tell(`${say("detail", values)} ${say("hint")}`);
    }
    // the address of an image is made anew only if the image is another
    put(images[0], "href", address((pixel) => (isHidden(pixel) ? "hole" : hasInk(pixel) ? "ink" : "paper")));
    for (let number = 0; number < count; number += 1) {
      const begin = (((state.digit * (holes.length / bytes) + state.hole) * methods.length + state.method) * count + number) * bytes;
      const image = images[number + 1];
      put(image, "visibility", state.own ? "hidden" : "visible");
      if (state.own) continue;
      put(image, "href", address((pixel) => !bitOf(completions, begin, pixel) ? "paper" : isHidden(pixel) ? "drawn" : "ink"));
    }
    read();
    draw();
  }

  function place(image, left, top, side) {
    for (const [name, value] of Object.entries({ x: left, y: top, width: side, height: side })) put(image, name, String(value));
    sketch.rect(left, top, side, side, "frame");
  }

  function draw() {
    const isNarrow = lab.width < 560;
    big.side = Math.min(lab.width - 2, 252);
    const left = isNarrow ? 0 : big.side + 28;
    const perRow = Math.ceil(count / 2);
    const small = Math.min(112, Math.floor((lab.width - left - 2) / perRow) - 14);
    const first = isNarrow ? big.top + big.side + 40 : big.top;
    sketch.begin();
    sketch.text(0, big.top - 14, say("digit"), "start strong");
    place(images[0], 0, big.top, big.side);
    for (let number = 0; number < count; number += 1) {
      const x = left + (number % perRow) * (small + 14);
      const y = first + Math.floor(number / perRow) * (small + 28);
      sketch.text(x, y - 11, small < 90 ? String(number + 1) : say("completion", { number: number + 1 }), "start");
      place(images[number + 1], x, y, small);
    }
    const cell = big.side / width;
    sketch.rect((state.column - 1) * cell, big.top + (state.row - 1) * cell, 3 * cell, 3 * cell, "cursor");
    sketch.end();
    lab.resize(Math.max(big.top + big.side, first + 2 * small + 28) + 12);
  }

  // A brush of 3 x 3 pixels at the cursor; the first stroke begins a hole of one's own.
  let erases = false;
  function begin() {
    erases = Boolean(state.own?.[state.row * width + state.column]);
    state.own ??= new Uint8Array(size);
  }
  function stroke() {
    for (let row = Math.max(0, state.row - 1); row <= Math.min(height - 1, state.row + 1); row += 1)
      for (let column = Math.max(0, state.column - 1); column <= Math.min(width - 1, state.column + 1); column += 1)
        state.own[row * width + column] = erases ? 0 : 1;
    if (!state.own.some(Boolean)) state.own = null;
    update();
  }
  function go({ x, y }) {
    const cell = big.side / width;
    state.row = between(0, Math.floor((y - big.top) / cell), height - 1);
    state.column = between(0, Math.floor(x / cell), width - 1);
  }
  onDrag(lab.svg, {
    start(at) {
      if (at.x > big.side || at.y < big.top || at.y > big.top + big.side) return false;
      go(at);
      begin();
      stroke();
      return true;
    },
    move(at) {
      go(at);
      state.own ??= new Uint8Array(size);
      stroke();
    },
  });
  const steps = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };
  lab.svg.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key in steps) {
      const [down, right] = steps[event.key];
      state.row = between(0, state.row + down, height - 1);
      state.column = between(0, state.column + right, width - 1);
      draw();
    } else if (event.key === " ") {
      begin();
      stroke();
    } else if (event.key === "Escape" && state.own) {
      state.own = null;
      update();
    } else return;
    event.preventDefault();
  });
  update();
}
