/* Light and dark. The first script of the page chose one before anything was painted; this one changes it. */
(function (metrics, callbacks) {
  const root = document.documentElement;
  const colours = metrics.page.colours;

  function kept() {
    try {
      return localStorage.getItem("metrics-theme");
    } catch (error) {
      return null;
    }
  }

  function keep(theme) {
    try {
      localStorage.setItem("metrics-theme", theme);
    } catch (error) {
      /* Storage is off: the address still remembers. */
    }
  }

  function wanted() {
    const system = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
    const chosen = metrics.url.get("theme") || (metrics.url.get("kiosk") === "1" ? "dark" : kept());
    return colours[chosen] ? chosen : system;
  }

  function apply() {
    const theme = wanted();
    if (root.dataset.bsTheme === theme) return;
    root.dataset.bsTheme = theme;
    window.dash_clientside.set_props("theme", { data: theme });
  }

  /* A figure in the colours of a theme, whichever it has now. Data arrays are shared, not copied. */
  function recolour(figure, theme) {
    const table = new Map();
    for (const other of Object.keys(colours)) {
      for (const [name, colour] of Object.entries(colours[other])) table.set(colour, colours[theme][name]);
    }
    const walk = (value) => {
      if (typeof value === "string") return table.get(value) || value;
      if (Array.isArray(value)) return typeof value[0] === "number" ? value : value.map(walk);
      if (value === null || typeof value !== "object" || ArrayBuffer.isView(value) || value.bdata) return value;
      return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, walk(inner)]));
    };
    return walk(figure);
  }

  /* theme.data → every graph's figure */
  callbacks.recolour = function (theme, figures) {
    return figures.map((figure) => (figure ? recolour(figure, theme) : window.dash_clientside.no_update));
  };

  document.addEventListener("click", (event) => {
    if (!event.target.closest("#theme-toggle")) return;
    const next = root.dataset.bsTheme === "dark" ? "light" : "dark";
    keep(next);
    metrics.url.go({ theme: next }, { replace: true });
  });

  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", apply);

  metrics.theme = { apply, recolour };
})(window.metrics, window.dash_clientside.metrics);
