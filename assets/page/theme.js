/* Light and dark. The first script of the page chose one before anything was painted; this one changes it. */
((metrics, callbacks) => {
  /* The first script of the page reads it too (layouts/shell.py). */
  const KEPT = "metrics-theme";
  const root = document.documentElement;
  const { local } = metrics.storage;

  function wanted() {
    const system = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
    const chosen = metrics.url.get("theme") || (metrics.url.isKiosk() ? "dark" : local.read(KEPT));
    return chosen && metrics.page.colours[chosen] ? chosen : system;
  }

  function apply() {
    const theme = wanted();
    if (root.dataset.bsTheme === theme) return;
    root.dataset.bsTheme = theme;
    window.dash_clientside.set_props("theme", { data: theme });
  }

  /* theme.data → every graph's figure */
  callbacks.recolour = (theme, figures) =>
    figures.map((figure) => (figure ? metrics.colours.recolour(figure, theme) : window.dash_clientside.no_update));

  document.addEventListener("click", (event) => {
    if (!metrics.dom.around(event, "#theme-toggle")) return;
    const next = root.dataset.bsTheme === "dark" ? "light" : "dark";
    local.write(KEPT, next);
    metrics.url.go({ theme: next }, { replace: true });
  });

  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", apply);
  metrics.events.on("marked", apply);
})(window.metrics, window.dash_clientside.metrics);
