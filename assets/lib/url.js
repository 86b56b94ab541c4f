/* The address is the whole state of the page.
 *
 * metrics.url.get("range")                 what holds now, defaults included
 * metrics.url.go({ range: "1h", from: "" }) lays changes over it; an empty value takes a name out */
((metrics) => {
  const parameters = () => new URLSearchParams(location.search);

  /** @param {string} name */
  const fallback = (name) => metrics.page.defaults[name] || "";

  /** @param {string} name - a step by its one name: res=minute says 1m */
  function get(name) {
    const value = parameters().get(name) || fallback(name);
    return name === "res" ? (metrics.page.stepNames?.[value] ?? value) : value;
  }

  /** @param {string} name */
  const getAll = (name) => parameters().getAll(name);

  /**
   * A query with changes laid over it. A list gives a name several times.
   * @param {string} query
   * @param {Changes} changes
   */
  function laidOver(query, changes) {
    const laid = new URLSearchParams(query);
    for (const [name, value] of Object.entries(changes)) {
      laid.delete(name);
      for (const one of Array.isArray(value) ? value : [value]) {
        if (one !== "" && one !== null && one !== undefined) laid.append(name, one);
      }
    }
    const text = laid.toString().replaceAll("%3A", ":").replaceAll("%2F", "/");
    return text && `?${text}`;
  }

  /** @param {Changes} changes - laid over the page's query → what a link to that says */
  const search = (changes) => laidOver(location.search, changes) || location.pathname;

  /**
   * @param {Changes} changes
   * @param {{ replace: boolean }} [options] - replace: the way back skips where the page is now
   */
  function go(changes, options) {
    const target = search(changes);
    if (target === (location.search || location.pathname)) return;
    history[options?.replace ? "replaceState" : "pushState"]({}, "", target);
    window.dispatchEvent(new CustomEvent("_dashprivate_pushstate"));
  }

  /** @param {Changes} changes - whether the address says so, or the defaults where it says nothing */
  const holds = (changes) => Object.entries(changes).every(([name, value]) => get(name) === (value || fallback(name)));

  function isLive() {
    const [from, to] = [get("from"), get("to")];
    return (to === "" || to === "now") && (from === "" || from.startsWith("now"));
  }

  const isKiosk = () => get("kiosk") === "1";

  /* Seconds from one tick to the next; 0 where there is none: switched off, or paused. */
  function pace() {
    const seconds = Number(get("refresh"));
    return seconds > 0 && isLive() ? seconds : 0;
  }

  const url = { get, getAll, laidOver, search, go, holds, isLive, isKiosk, pace };
  metrics.url = url;
  if (typeof module === "object") module.exports = url;
})(globalThis.metrics);
