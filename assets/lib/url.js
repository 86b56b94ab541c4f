/* The address is the whole state of the page.
 *
 * metrics.url.get("range")                 what holds now, defaults included
 * metrics.url.go({ range: "1h", from: "" }) lays changes over it; an empty value takes a name out */
((metrics) => {
  const DATE = /^\d{4}-/;

  /** @param {string} name */
  const fallback = (name) => metrics.page.defaults[name] || "";

  /**
   * What a query says, defaults included.
   * @param {string} query
   * @returns {Address}
   */
  function of(query) {
    const parameters = new URLSearchParams(query);
    /** @param {string} name - a step by its one name: res=minute says 1m */
    function get(name) {
      const value = parameters.get(name) || fallback(name);
      return name === "res" ? (metrics.page.stepNames?.[value] ?? value) : value;
    }
    return {
      get,
      getAll: (name) => parameters.getAll(name),
      holds: (changes) => Object.entries(changes).every(([name, value]) => get(name) === (value || fallback(name))),
      /* What ends now moves on, wherever it begins; a date by itself stands still. */
      isLive: () => ["", "now"].includes(get("to")) && (get("from") !== "" || !DATE.test(get("range"))),
    };
  }

  const present = () => of(location.search);

  /** @param {string} name */
  const get = (name) => present().get(name);

  /** @param {string} name */
  const getAll = (name) => present().getAll(name);

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

  const isLive = () => present().isLive();

  const isKiosk = () => get("kiosk") === "1";

  /* Seconds from one tick to the next; 0 where there is none: switched off, or paused. */
  function pace() {
    const seconds = Number(get("refresh"));
    return seconds > 0 && isLive() ? seconds : 0;
  }

  const url = { of, get, getAll, laidOver, search, go, isLive, isKiosk, pace };
  metrics.url = url;
  if (typeof module === "object") module.exports = url;
})(globalThis.metrics);
