
// What anywidget calls: when the kernel opens a model, and for each view of it in a layout of widgets.
export default {
  initialize({ model }) {
    const token = model.get("_token");
    kernelModels.set(token, model);
    dispatchEvent(new Event(`armod-live-${token}`));
  },
  async render({ model, el }) {
    const root = element("div", { class: "armod-widget", role: "group", "aria-label": model.get("_label") });
    el.append(root);
    const mounted = mountLive(root, model, mount);
    await mounted.ready;
    return mounted.close;
  },
};
