/* Of which address the picture is that stands on the page. It may be another than the one that the page has: what was
 * asked for is not here yet, or never came. */
((metrics) => {
  /* What doesn't change the data: the browser sees to these names alone, at once. */
  const LOOKS = ["theme", "refresh", "hidden", "kiosk", "rotate"];
  /* What decides on the data of a wall alone. */
  const TURNS = ["rotate_by", "value"];

  /** @type {string | null} */
  let search = null;
  /** @type {{ name: string, value: string }[]} */
  let passedOver = [];

  /** @param {string} query - what of it decides on the data */
  function keyOf(query) {
    const left = new URLSearchParams(query);
    for (const name of left.get("kiosk") === "1" ? [] : TURNS) left.delete(name);
    for (const name of LOOKS) left.delete(name);
    left.sort();
    return left.toString();
  }

  /**
   * @param {string} query - the one that is drawn from now on
   * @param {{ name: string, value: string }[]} [unread] - what of it is passed over
   */
  function stand(query, unread = []) {
    search = query;
    passedOver = unread;
  }

  /* Whether something was asked for that is not drawn. Before the first picture there is nothing that could be old. */
  const isPending = () => search !== null && keyOf(search) !== keyOf(location.search);

  /** @param {string[]} pair - name and value */
  const isRead = ([name, value]) => !passedOver.some((one) => one.name === name && one.value === value.trim());

  /* The query that the picture is of, in the present looks; without what can't be read. */
  function address() {
    if (search === null) return location.search;
    const present = new URLSearchParams(location.search);
    const looks = Object.fromEntries(LOOKS.map((name) => [name, present.getAll(name)]));
    const pairs = [...new URLSearchParams(metrics.url.laidOver(search, looks))].filter(isRead);
    return metrics.url.laidOver(`${new URLSearchParams(pairs)}`, {});
  }

  const shown = { keyOf, stand, isPending, address };
  metrics.shown = shown;
  if (typeof module === "object") module.exports = shown;
})(globalThis.metrics);
