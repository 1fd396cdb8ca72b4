// A grey patch, one of its colourings, what each pixel of colour cost, and the true colours.

export async function mount(stage, data) {
  const say = createWords(data.words);
  const [greys, colours] = [await unpack(data.greys), await unpack(data.colours)];
  const { height, width, rows, columns, nats, num_samples: count } = data;
  const state = { ...data.start };
  const knobs = createKnobs();
  const turn = turning(state, update);
  const patch = knobs.slider("Patch", 1, nats.length, (value) => turn("patch")(value - 1));
  const colouring = knobs.slider("Colouring", 1, count + 1, (value) => turn("colouring")(value - 1));
  const row = knobs.slider("Row", 1, rows, (value) => turn("row")(value - 1));
  const column = knobs.slider("Column", 1, columns, (value) => turn("column")(value - 1));
  const another = knobs.button("Another colouring", next);
  const lab = createLab(stage, {
    kind: "colour-lab", name: "The patch, its colouring, and what it cost",
    knobs: [patch, colouring, row, column, another], redraw: draw });
  const [pictures, marks] = [svgElement("g"), svgElement("g")];
  const images = ["grey", "colours", "truth"].map(() => svgElement("image", { preserveAspectRatio: "none" }));
  pictures.append(...images);
  lab.svg.append(pictures, marks);
  const sketch = createSketch(marks);
  lab.legend([["shade-0", say("expected")], [`shade-${data.shades.length - 1}`, say("surprising", data)], ["chosen", say("chosen")]]);
  const canvas = element("canvas", { width, height });
  const painter = canvas.getContext("2d");
  let places = [];
  let cell = { width: 1, height: 1 };

  // The address of an image; `colourOf(pixel)` gives red, green and blue.
  function address(colourOf) {
    const image = painter.createImageData(width, height);
    for (let pixel = 0; pixel < width * height; pixel += 1) image.data.set([...colourOf(pixel), 255], 4 * pixel);
    painter.putImageData(image, 0, 0);
    return canvas.toDataURL();
  }
  const kept = new Map();
  function addressOf(kind, number) {
    const key = `${state.patch} ${kind} ${number}`;
    if (!kept.has(key)) {
      const size = width * height;
      const begin = (state.patch * (count + 1) + number) * size;
      kept.set(key, address(kind === "grey"
        ? (pixel) => Array(3).fill(greys[state.patch * size + pixel])
        : (pixel) => colours.subarray(3 * (begin + pixel), 3 * (begin + pixel) + 3)));
    }
    return kept.get(key);
  }

  function next() {
    state.colouring = state.colouring >= count - 1 ? 0 : state.colouring + 1;
    update();
  }
  const sum = (values) => values.flat(2).reduce((total, each) => total + each, 0);
  const nameOf = (number) => number === count ? say("truth") : say("sample", { number: number + 1, count });

  function update() {
    patch.show(state.patch + 1);
    colouring.show(state.colouring + 1, state.colouring === count ? "true" : String(state.colouring + 1), nameOf(state.colouring));
    row.show(state.row + 1);
    column.show(state.column + 1);
    const of = nats[state.patch];
    const values = { patch: state.patch + 1, nats: sum(of[state.colouring]) };
    lab.find(state.colouring === count ? say("finding_truth", values)
      : say("finding", { ...values, name: nameOf(state.colouring), truth: sum(of[count]) }));
    const [orange, green] = of[state.colouring].map((plane) => plane[state.row][state.column]);
    lab.tell(`${say("detail", { row: state.row + 1, column: state.column + 1, orange, green })} ${say("hint")}`);
    draw();
  }

  function draw() {
    const perRow = lab.width < 560 ? 2 : 4;
    const room = Math.floor((lab.width - 16 * (perRow - 1)) / perRow);
    const side = Math.min(room, 240);
    const tall = (side * height) / width;
    cell = { width: side / columns, height: tall / rows };
    const [orange, green] = nats[state.patch][state.colouring];
    places = [];
    sketch.begin();
    ["grey", "colours", "surprise", "truth"].forEach((name, index) => {
      const left = (index % perRow) * (side + 16);
      const top = 26 + Math.floor(index / perRow) * (tall + 44);
      places.push({ left, top });
      sketch.text(left, top - 14, say(name), "start strong");
      if (name === "surprise") {
        for (let y = 0; y < rows; y += 1) for (let x = 0; x < columns; x += 1) {
          const last = data.shades.length - 1;
          const shade = Math.min(Math.floor(((orange[y][x] + green[y][x]) / data.most) * last), last);
          sketch.rect(left + x * cell.width, top + y * cell.height, cell.width, cell.height, `shade-${shade}`);
        }
      } else {
        const image = images[{ grey: 0, colours: 1, truth: 2 }[name]];
        put(image, "href", addressOf(name === "grey" ? "grey" : "colours", name === "truth" ? count : state.colouring));
        for (const [key, value] of Object.entries({ x: left, y: top, width: side, height: tall })) put(image, key, value);
      }
      sketch.rect(left, top, side, tall, "frame");
      sketch.rect(left + state.column * cell.width, top + state.row * cell.height, cell.width, cell.height, "chosen");
    });
    sketch.end();
    lab.resize(places.at(-1).top + tall + 10);
  }

  const choose = ({ x, y }) => {
    const place = places.find(({ left, top }) =>
      x >= left && x < left + columns * cell.width && y >= top && y < top + rows * cell.height);
    if (!place) return false;
    state.row = between(0, Math.floor((y - place.top) / cell.height), rows - 1);
    state.column = between(0, Math.floor((x - place.left) / cell.width), columns - 1);
    update();
    return true;
  };
  onDrag(lab.svg, { start: choose, move: choose });
  stage.addEventListener("keydown", (event) => {
    if (event.key.toLowerCase() !== "n" || event.ctrlKey || event.metaKey || event.altKey) return;
    next();
    event.preventDefault();
  });
  update();
}
