/* A closer look at a chart: full screen, its data as a table, the raw events behind a point.
 *
 * Table and events come into one dialog, from the server, when they are asked for and not before (callbacks/details.py).
 * The dialog is the browser's own: it keeps the focus, and Escape closes it. */
(function (metrics) {
  const ANSWER_WITHIN = 20000;
  let shut = [];
  const AT_ONCE = 200;
  let asked = null;
  let opener = null;

  const find = (id) => document.getElementById(id);
  const dialog = () => find("details");

  function made(tag, className, text) {
    const element = document.createElement(tag);
    if (className) element.className = className;
    if (text !== undefined) element.textContent = text;
    return element;
  }

  /* Asking */

  /* The page's address with the range of the picture spelled out, and in its buckets. */
  function query(more) {
    const { start, end, zone, resolution } = metrics.answer;
    const { iso } = metrics.time;
    return metrics.url.search({ range: "", from: iso(start), to: iso(end), tz: zone, res: resolution, ...more });
  }

  async function ask(path, more) {
    if (asked) asked.abort();
    asked = new AbortController();
    const present = asked;
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

  /* The dialog */

  function titleOf(chart) {
    const title = find(`title-${chart}`);
    return title ? title.textContent : chart;
  }

  function open(kind, title, about, from) {
    opener = from;
    dialog().dataset.kind = kind;
    find("details-title").textContent = title;
    find("details-about").textContent = about;
    find("details-body").setAttribute("aria-label", title);
    say("Loading…");
    if (!dialog().open) dialog().showModal();
    find("details-body").focus({ focusVisible: from.matches(":focus-visible") });
  }

  function say(text, detail, tone) {
    const message = made("div", `message ${tone || ""}`.trim());
    message.setAttribute("role", "status");
    message.append(made("strong", "", text));
    if (detail) message.append(made("p", "", detail));
    find("details-body").replaceChildren(message);
  }

  async function fill(work) {
    try {
      await work();
    } catch (error) {
      say("This can’t be shown", error.message === "Failed to fetch" ? "The server can’t be reached." : error.message, "bad");
    }
  }

  document.addEventListener("close", (event) => {
    if (event.target !== dialog()) return;
    if (asked) asked.abort();
    find("details-body").replaceChildren();
    if (opener && opener.isConnected) opener.focus();
    opener = null;
  }, true);

  /* Tables: every column sorts, by its button */

  const exact = new Intl.NumberFormat("en-US", { maximumFractionDigits: 6 });

  function cellText(value, kind, precise) {
    if (value === null || value === undefined) return "–";
    if (kind === "number") return exact.format(value).replace("-", "−");
    if (kind !== "time") return String(value);
    const zone = metrics.answer.zone;
    if (!precise) return metrics.time.bucket(value, zone, metrics.answer.resolution);
    return `${metrics.time.clock(value, zone)}.${String(value % 1000).padStart(3, "0")}`;
  }

  function order(values, descending) {
    const places = values.map((_, place) => place);
    const compare = (a, b) => (typeof a === "string" || typeof b === "string" ? String(a).localeCompare(String(b), "en", { numeric: true }) : a - b);
    return places.sort((one, other) => {
      const [a, b] = [values[one], values[other]];
      if (a === null || b === null) return (a === null) - (b === null) || one - other;
      return (descending ? compare(b, a) : compare(a, b)) || one - other;
    });
  }

  function table(columns, caption, options) {
    const element = made("table", "data");
    element.append(made("caption", "", caption));
    const head = element.createTHead().insertRow();
    const body = element.createTBody();
    let sorted = { column: 0, descending: options.newestFirst };

    columns.forEach((column, place) => {
      const cell = made("th", column.kind);
      cell.scope = "col";
      const button = made("button", "", column.name);
      button.type = "button";
      button.addEventListener("click", () => {
        const again = sorted.column === place;
        sorted = { column: place, descending: again ? !sorted.descending : column.kind === "number" };
        draw();
      });
      cell.append(button);
      head.append(cell);
    });

    function row(place) {
      const line = document.createElement("tr");
      columns.forEach((column, number) => {
        const cell = made(number === 0 ? "th" : "td", column.kind, cellText(column.values[place], column.kind, options.precise));
        if (number === 0) cell.scope = "row";
        line.append(cell);
      });
      return line;
    }

    /* The first rows at once, the rest when the browser has shown them. */
    function draw() {
      [...head.cells].forEach((cell, place) => {
        if (place !== sorted.column) return cell.removeAttribute("aria-sort");
        cell.setAttribute("aria-sort", sorted.descending ? "descending" : "ascending");
      });
      const places = order(columns[sorted.column].values, sorted.descending);
      body.replaceChildren(...places.slice(0, AT_ONCE).map(row));
      const state = sorted;
      if (places.length > AT_ONCE) {
        requestAnimationFrame(() => setTimeout(() => state === sorted && body.append(...places.slice(AT_ONCE).map(row)), 0));
      }
    }

    draw();
    return element;
  }

  function showTable(chart, from) {
    const title = titleOf(chart);
    open("table", title, `${find("footer").firstChild.textContent}`, from);
    fill(async () => {
      const answer = await ask(`chart/${chart}.json`, {});
      if (!answer) return;
      if (!answer.columns.length) return say("No data available for this time range");
      const caption = `${title}: ${answer.columns[0].values.length.toLocaleString("en-US")} buckets, newest first`;
      find("details-body").replaceChildren(table(answer.columns, caption, { newestFirst: true }));
    });
  }

  function showEvents(chart, start, from) {
    const { zone, resolution } = metrics.answer;
    const title = `${titleOf(chart)}, ${metrics.time.bucket(start, zone, resolution)}`;
    open("events", title, `Raw events of this ${resolution}`, from);
    fill(async () => {
      const answer = await ask(`chart/${chart}/events.json`, { at: String(start) });
      if (!answer) return;
      const since = answer.heldFrom && metrics.time.clock(answer.heldFrom, zone);
      if (answer.gone) return say("No raw events are held any more", `They are kept since ${since}. The buckets stay.`);
      if (!answer.count) return say("No events in this bucket", since ? `Raw events are kept since ${since}.` : "");
      const count = answer.more ? `The first ${answer.count} events` : `${answer.count} ${answer.count === 1 ? "event" : "events"}`;
      const rest = answer.columnsLeftOut ? `, without ${answer.columnsLeftOut.toLocaleString("en-US")} rarer keys` : "";
      find("details-about").textContent = `${count} of this ${resolution}` + (since ? `, kept since ${since}` : "") + rest;
      find("details-body").replaceChildren(table(answer.columns, title, { precise: true }));
    });
  }

  /* Full screen: the browser's own, or the card over the page where that is refused. The rest can't be reached. */

  const fullCard = () => document.querySelector(".card[data-full]");

  function others(card) {
    const found = [];
    for (let element = card; element && element !== document.body; element = element.parentElement) {
      found.push(...[...element.parentElement.children].filter((one) => one !== element && one !== dialog() && !one.contains(dialog())));
    }
    return found.filter((one) => !["SCRIPT", "STYLE", "FOOTER"].includes(one.tagName) || one.id === "footer");
  }

  async function enter(card, from) {
    leave();
    card.dataset.full = "";
    card.dataset.opener = from && from.id ? from.id : "";
    card.setAttribute("role", "dialog");
    card.setAttribute("aria-modal", "true");
    shut = others(card).filter((one) => !one.inert);
    shut.forEach((one) => (one.inert = true));
    card.querySelector(".leave-full").focus();
    try {
      await card.requestFullscreen();
    } catch (error) {
      /* Refused or unknown: over the page it is as large. */
    }
    fit();
  }

  function leave() {
    const card = fullCard();
    if (!card) return;
    delete card.dataset.full;
    card.removeAttribute("role");
    card.removeAttribute("aria-modal");
    shut.forEach((one) => (one.inert = false));
    if (document.fullscreenElement === card) document.exitFullscreen();
    const summary = card.querySelector(".card-tools summary");
    if (summary) summary.focus();
    fit();
  }

  /* Charts follow the size of their place. */
  const fit = () => window.dispatchEvent(new Event("resize"));

  document.addEventListener("fullscreenchange", () => {
    if (!document.fullscreenElement) leave();
    else fit();
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && fullCard() && !dialog().open && !fullCard().querySelector("details[open]")) leave();
  }, true);

  /* Openers */

  const ways = {
    full: (chart, from) => enter(find(`card-${chart}`), from),
    leave,
    table: showTable,
  };

  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-close=details]") || event.target === dialog()) return dialog().close();
    const button = event.target.closest("[data-open]");
    if (!button || !metrics.answer) return;
    const menu = button.closest("details[open]");
    const from = menu ? menu.querySelector("summary") : button;
    if (menu) menu.removeAttribute("open");
    ways[button.dataset.open](button.dataset.chart, from);
  });

  metrics.details = { events: showEvents, table: showTable };
})(window.metrics);
