// What every drawing module can call; put after it in the same script element by page.py.

// Bytes that Python's `packed` wrote.
async function unpack(text) {
  const zipped = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const stream = new Blob([zipped]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

const CONTROLS = new Set(["input", "select", "button", "textarea"]);

// element("label", { class: "knob", for: "x" }, "Variables", child): an HTML element with attributes and children.
function element(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  if (CONTROLS.has(tag)) node.setAttribute("data-lm-suppress-shortcuts", "true");
  return fill(node, attributes, children);
}

// The same for SVG.
function svgElement(tag, attributes = {}, ...children) {
  return fill(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);
}

function fill(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children);
  return node;
}

// Sets an attribute or the `text`, only where it changed: to write the same again would make the page lay itself out
// again. Null takes an attribute away.
function put(node, name, value) {
  const past = (node.armodPast ??= {});
  if (past[name] === value) return;
  past[name] = value;
  if (name === "text") node.textContent = value;
  else if (value === null) node.removeAttribute(name);
  else node.setAttribute(name, value);
}

// The static picture makes room only when the module has drawn. A page may hold the same output twice: each script
// takes at once all the copies that no other has taken.
async function awaken(identity, data, mount) {
  const roots = [...document.querySelectorAll(`[data-armod="${identity}"]:not([data-alive])`)];
  for (const root of roots) root.dataset.alive = "";
  await Promise.all(roots.map(async (root) => {
    const stage = element("div", { class: "armod-stage" });
    root.append(stage);
    try {
      await mount(stage, data);
      root.querySelector(".armod-still").hidden = true;
      if (root.dataset.live) connect(root, mount); // bridge.js
    } catch (error) {
      stage.remove();
      throw error;
    }
  }));
}
