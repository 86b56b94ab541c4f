/* The sheet of keys, and the switch on it that turns single keys off. */
((metrics) => {
  const OFF = "metrics-keys-off";
  const { local } = metrics.storage;

  const isOn = () => local.read(OFF) !== "1";

  /** @param {boolean} on */
  function turn(on) {
    local.write(OFF, on ? null : "1");
    label();
  }

  function label() {
    const button = metrics.dom.maybe("keys-switch");
    if (!button) return;
    button.setAttribute("aria-pressed", String(isOn()));
    button.textContent = isOn() ? "Single keys are on" : "Single keys are off";
  }

  const sheet = () => metrics.dom.dialog("keys");

  function toggle() {
    if (sheet().open) return sheet().close();
    label();
    sheet().showModal();
  }

  document.addEventListener("click", (event) => {
    if (metrics.dom.around(event, "#keys-open")) toggle();
    else if (metrics.dom.around(event, "#keys-close") || event.target === sheet()) sheet().close();
    else if (metrics.dom.around(event, "#keys-switch")) turn(!isOn());
  });

  const keysheet = { isOn, toggle };
  metrics.keysheet = keysheet;
  if (typeof module === "object") module.exports = keysheet;
})(globalThis.metrics);
