/* The address is the whole state of the page.
 *
 * metrics.url.get("range")                 what holds now, defaults included
 * metrics.url.go({ range: "1h", from: "" }) lays changes over it; an empty value takes a name out
 *
 * Every element with data-set="range=1h&from=" is a link that does the same. */
(function (metrics) {
  const defaults = metrics.page.defaults;

  function parameters() {
    return new URLSearchParams(location.search);
  }

  function get(name) {
    const value = parameters().get(name);
    return value === null || value === "" ? defaults[name] || "" : value;
  }

  function getAll(name) {
    return parameters().getAll(name);
  }

  /* The query with changes laid over it. A list gives a name several times. */
  function search(changes) {
    const query = parameters();
    for (const [name, value] of Object.entries(changes)) {
      query.delete(name);
      for (const one of [].concat(value)) {
        if (one !== "" && one !== null && one !== undefined) query.append(name, one);
      }
    }
    const text = query.toString().replaceAll("%3A", ":").replaceAll("%2F", "/");
    return text ? "?" + text : location.pathname;
  }

  function go(changes, options) {
    const target = search(changes);
    if (target === (location.search || location.pathname)) return;
    history[options && options.replace ? "replaceState" : "pushState"]({}, "", target);
    window.dispatchEvent(new CustomEvent("_dashprivate_pushstate"));
  }

  function changesOf(element) {
    return Object.fromEntries(new URLSearchParams(element.dataset.set));
  }

  function holds(changes) {
    return Object.entries(changes).every(([name, value]) => get(name) === (value || defaults[name] || ""));
  }

  function isLive() {
    const to = get("to");
    const from = get("from");
    return (to === "" || to === "now") && (from === "" || from.startsWith("now"));
  }

  /* Give every link its address, and mark the ones that hold. */
  function mark() {
    for (const link of document.querySelectorAll("[data-set]")) {
      const changes = changesOf(link);
      const custom = link.parentElement.id === "ranges" && (get("from") || get("to"));
      link.setAttribute("href", search(changes));
      if (holds(changes) && !custom) link.setAttribute("aria-current", link.dataset.current || "true");
      else link.removeAttribute("aria-current");
    }
    const tab = metrics.page.tabs.find((one) => one.id === get("tab")) || metrics.page.tabs[0];
    const title = document.getElementById("title");
    if (title && title.textContent !== tab.title) title.textContent = tab.title;
    document.title = tab.title + " · Metrics";
    const custom = document.querySelector("#custom-range > summary");
    if (custom) custom.toggleAttribute("data-on", Boolean(get("from") || get("to")));
    document.dispatchEvent(new CustomEvent("metrics:marked"));
  }

  document.addEventListener("click", (event) => {
    const link = event.target.closest("[data-set]");
    if (!link || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    const open = link.closest("details[open]");
    if (open) {
      open.removeAttribute("open");
      open.querySelector("summary").focus();
    }
    go(changesOf(link));
  });

  metrics.url = { get, getAll, go, search, mark, isLive };
})(window.metrics);
