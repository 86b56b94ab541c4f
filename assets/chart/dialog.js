/* The dialog for a closer look: what it shows comes from the server, asked for when it opens and not before.
 *
 * The dialog is the browser's own: it keeps the focus, and Escape closes it. */
((metrics) => {
  const ANSWER_WITHIN = 20000;
  const { find, made } = metrics.dom;

  /** @type {AbortController | null} */
  let asked = null;
  /** @type {HTMLElement | null} */
  let opener = null;

  const dialog = () => metrics.dom.dialog("details");

  /* Asking */

  /**
   * The address of the picture, its range spelled out.
   * @param {Changes} more
   */
  function query(more) {
    const { start, end, zone } = /** @type {Answer} */ (metrics.answer);
    return metrics.url.laidOver(metrics.shown.address(), { ...metrics.range.between(start, end), tz: zone, ...more });
  }

  /**
   * The server's answer; null where another question, or the end of the dialog, came before it.
   * @param {string} path
   * @param {Changes} more
   */
  async function ask(path, more) {
    asked?.abort();
    const present = new AbortController();
    asked = present;
    const timer = setTimeout(() => present.abort("late"), ANSWER_WITHIN);
    try {
      const response = await fetch(metrics.page.base + path + query(more), { signal: present.signal });
      const answer = await response.json();
      if (answer.error) throw new Error(answer.error);
      return answer;
    } catch (error) {
      if (present.signal.aborted && present.signal.reason !== "late") return null;
      throw present.signal.aborted ? new Error("The server does not answer.") : error;
    } finally {
      clearTimeout(timer);
    }
  }

  /* Showing */

  /**
   * @param {{ kind: string, title: string, about: string }} what
   * @param {HTMLElement} from - gets the focus back
   */
  function open({ kind, title, about }, from) {
    opener = from;
    dialog().dataset.kind = kind;
    find("details-title").textContent = title;
    describe(about);
    find("details-body").setAttribute("aria-label", title);
    say("Loading…");
    if (!dialog().open) dialog().showModal();
    focusBody(from.matches(":focus-visible"));
  }

  /** @param {boolean} focusVisible */
  function focusBody(focusVisible) {
    /** @type {FocusOptions & { focusVisible: boolean }} */
    const options = { focusVisible };
    find("details-body").focus(options);
  }

  /** @param {string} about */
  function describe(about) {
    find("details-about").textContent = about;
  }

  /** @param {HTMLElement} content */
  const show = (content) => find("details-body").replaceChildren(content);

  /**
   * @param {DataTable} table
   * @param {string} name - of the file that it is saved as
   */
  function showTable(table, name) {
    show(table.element);
    metrics.tools.offer(table, name);
  }

  /**
   * @param {string} text
   * @param {string} [detail]
   * @param {string} [tone]
   */
  function say(text, detail, tone) {
    const message = made("div", `message ${tone || ""}`.trim());
    message.setAttribute("role", "status");
    metrics.tools.withdraw();
    message.append(made("strong", "", text));
    if (detail) message.append(made("p", "", detail));
    show(message);
  }

  /**
   * Opens the dialog, asks, and shows what comes of it, or why nothing does.
   * @param {{ kind: string, title: string, about: string, path: string, query: Changes }} what
   * @param {HTMLElement} from
   * @param {(answer: any) => void} use
   */
  async function present(what, from, use) {
    open(what, from);
    try {
      const answer = await ask(what.path, what.query);
      if (answer) use(answer);
    } catch (error) {
      const { message } = /** @type {Error} */ (error);
      say("This can’t be shown", message === "Failed to fetch" ? "The server can’t be reached." : message, "bad");
    }
  }

  /** @param {Event} event */
  function closed(event) {
    if (event.target !== dialog()) return;
    asked?.abort();
    find("details-body").replaceChildren();
    if (opener?.isConnected) opener.focus();
    opener = null;
  }

  document.addEventListener("close", closed, true);
  document.addEventListener("click", (event) => {
    if (metrics.dom.around(event, "[data-close=details], .details [data-filter]") || event.target === dialog())
      dialog().close();
  });

  const offered = { present, describe, showTable, say };
  metrics.dialog = offered;
  if (typeof module === "object") module.exports = offered;
})(globalThis.metrics);
