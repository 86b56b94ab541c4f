/* Read first: the one global that every other file adds its part to, with what the server told about the page, and its
 * last answer. events.js says how files speak to one another, types.d.ts what each of them offers. */
window.metrics = /** @type {any} */ ({
  page: JSON.parse(/** @type {HTMLElement} */ (document.getElementById("page-data")).textContent || "{}"),
  answer: null,
});
window.dash_clientside = window.dash_clientside || {};
window.dash_clientside.metrics = {};
