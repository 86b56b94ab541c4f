/* What happened, told to whoever it concerns: the one way for rooms to reach each other.
 *
 * The scripts of the page stand in rooms by what a person does: chart/, page/, share/, wall/. lib/ is what they share.
 * A file uses lib/ and files of its own room, without circles, and nothing of another room
 * (tests/js/dependencies.test.js). Whatever concerns another room is announced here:
 *
 *   address     nothing               the address of the page changed: a link, a key, back or forward
 *   marked      { drawn, asked }      links have their addresses, and those that hold are marked; also after an answer.
 *                                     What the picture is of, and what the page's address says
 *   standing    what the server said  it is on the page, with all that it brings
 *   answer      what the server said  the server answered for a picture; metrics.answer is up to date
 *   ask         { reason, search }    somebody wants the server asked: "tick" for what is new, "rotate" for what of a
 *                                     wall search names
 *   connection  { problem, since }    what stands between page and server, null for nothing; since when (performance.now)
 *   version     a version             the version that the server says it runs
 *   turning     true or false         what a wall shows next has been asked for; it is there, or was given up
 *   held        a moment              what a wall shows stays until then (performance.now), 0 for no longer
 *   paged       nothing               a wall shows another page of its tab
 *   figure      { graph, figure }     a chart was given a figure, and is drawn of it when its turn comes
 *   drawn       nothing               a chart was drawn anew
 *   tapped      { card, left, top }   the chart of a card, told by its place, was touched there before it was drawn, and is now
 *   switched    a chart               series of it were switched on or off, and the address says which
 *   menu        a menu                its sheet opens: time to fill it, before it is placed and painted
 *   point       { chart, start, from} somebody wants the events behind a point; from: the element that has the focus
 *
 * Their types stand in types.d.ts (MetricsEvents). Each is an event of the document with "metrics:" before its name, so
 * what one listener throws is no trouble of the others.
 *
 * A file that offers something adds one member to metrics, and gives the same to "module" where there is one: from
 * there Node's tests and the type checker take it. */
((metrics) => {
  /**
   * @template {keyof MetricsEvents} Name
   * @param {Name} name
   * @param {(detail: MetricsEvents[Name]) => void} listener
   * @param {AddEventListenerOptions} [options]
   */
  function on(name, listener, options) {
    const heard = (/** @type {any} */ event) => listener(event.detail);
    document.addEventListener(`metrics:${name}`, heard, options);
  }

  /**
   * @template {keyof MetricsEvents} Name
   * @param {Name} name
   * @param {MetricsEvents[Name] extends undefined ? [] : [MetricsEvents[Name]]} detail
   */
  function announce(name, ...detail) {
    document.dispatchEvent(new CustomEvent(`metrics:${name}`, { detail: detail[0] }));
  }

  const events = { on, announce };
  metrics.events = events;
  if (typeof module === "object") module.exports = events;
})(globalThis.metrics);
