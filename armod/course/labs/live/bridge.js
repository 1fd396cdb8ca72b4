// Between a page and the model that a live kernel keeps for it: an ipywidget, whose traits both may set.

const kernelModels = (globalThis.armodModels ??= new Map());

// What a drawing module gets as its third argument.
function liveLink(model) {
  const heard = [];
  return {
    get: (name) => model.get(name),
    // Sets traits, and tells the kernel in one message.
    send(values) {
      for (const [name, value] of Object.entries(values)) model.set(name, value);
      model.save_changes();
    },
    // `react` is called when one of the traits has changed, whoever changed it.
    follow(names, react) {
      for (const name of names) {
        model.on(`change:${name}`, react);
        heard.push([name, react]);
      }
    },
    close() {
      for (const [name, react] of heard) model.off(`change:${name}`, react);
    },
  };
}

// Mounts a lab anew whenever the kernel gives it other numbers.
function mountLive(root, model, mount) {
  let link;
  let stage;
  async function remount() {
    link?.close();
    stage?.remove();
    stage = element("div", { class: "armod-stage" });
    root.append(stage);
    link = liveLink(model);
    await mount(stage, model.get("_data"), link);
  }
  model.on("change:_data", remount);
  return { ready: remount(), close: () => { model.off("change:_data", remount); link?.close(); } };
}

// A page that was drawn from its table waits for a model; without a kernel none comes, and the page stays as it is.
function connect(root, mount) {
  const token = root.dataset.live;
  const take = async () => {
    const tabled = root.querySelector(".armod-stage");
    await mountLive(root, kernelModels.get(token), mount).ready;
    tabled.remove();
    root.dataset.connected = "";
  };
  if (kernelModels.has(token)) return take();
  addEventListener(`armod-live-${token}`, take, { once: true });
}
