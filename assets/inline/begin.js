/* Stands in the page itself and runs before anything is painted (layouts/begin.py puts it there): it chooses the theme,
 * measures a wall, and has the scripts come once the first screen is painted.
 *
 * What the server sends is a whole page: numbers, charts, how fresh they are. On a phone, where running all scripts takes
 * seconds in which nothing answers, that is enough for a glance: scripts are fetched, but run only with the first touch
 * or key, or when the first refresh is due. What is pressed before is done then. */
(() => {
  const FETCH_AGAIN_AFTER = 3000;
  const OLD_AFTER = 10000;
  const PAINTED_WITHIN = 500;
  const CAME_WHOLE_WITHIN = 60000;
  const [LEGEND_GAP, LEGEND_MORE] = [12, 40];
  const TOUCHES = ["pointerdown", "touchstart", "keydown", "click", "focusin", "wheel", "scroll"];

  const root = document.documentElement;
  const query = new URLSearchParams(location.search);
  const isKiosk = query.get("kiosk") === "1";

  /* So that neither theme nor kiosk flashes: what the address says, what was chosen last, what the system prefers. */
  function theme() {
    let kept = null;
    try {
      kept = localStorage.getItem("metrics-theme");
    } catch {
      /* storage is off */
    }
    const chosen = query.get("theme") || (isKiosk ? "dark" : kept);
    if (chosen === "light" || chosen === "dark") return chosen;
    return matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
  }

  /* Scripts */

  /* How fresh the page is was true when it was sent; from here on assets/page/freshness.js says it. */
  function says(/** @type {string} */ tone, /** @type {string} */ words) {
    const pill = document.getElementById("freshness");
    const place = document.getElementById("freshness-text");
    if (window.metrics || !pill || !place) return;
    pill.dataset.tone = tone;
    pill.dataset.of = "before";
    pill.title = words;
    place.textContent = words;
  }

  function stillLoads() {
    if (document.getElementById("freshness")?.dataset.of !== "before")
      says("quiet", "Loading… what stands here is of before");
  }

  /** In their order, and tried again where one fails. @param {string[]} addresses @param {() => void} done */
  function run(addresses, done) {
    if (!addresses.length) return done();
    const script = document.createElement("script");
    script.src = addresses[0];
    script.onload = () => run(addresses.slice(1), done);
    script.onerror = () => {
      script.remove();
      says("bad", "The server can’t be reached, retrying; what stands here is of before");
      setTimeout(run, FETCH_AGAIN_AFTER, addresses, done);
    };
    document.head.append(script);
  }

  /** @param {string[]} addresses @param {"preload" | "prefetch"} how - needed now, or later and after all else */
  function fetchAhead(addresses, how) {
    for (const address of addresses) {
      const link = document.createElement("link");
      Object.assign(link, { rel: how, as: "script", href: address });
      document.head.append(link);
    }
  }

  /* A page that nobody looks at is not painted. */
  function oncePainted(/** @type {() => void} */ then) {
    let begun = false;
    const begin = () => {
      if (begun) return;
      begun = true;
      then();
    };
    requestAnimationFrame(() => setTimeout(begin));
    setTimeout(begin, PAINTED_WITHIN);
  }

  const isPhone = () => matchMedia("(hover: none) and (pointer: coarse)").matches;

  /* Whether the server's page says all there is to say: it is drawn, in the zone of whoever looks, and that is a phone. */
  function isEnough() {
    /** @type {HTMLElement | null} */
    const board = document.querySelector("#first .board.sketched");
    if (!board || isKiosk || !isPhone()) return false;
    return [undefined, Intl.DateTimeFormat().resolvedOptions().timeZone].includes(board.dataset.zone);
  }

  /* Seconds to the first refresh; NaN or 0 where none comes. */
  function pace() {
    const { defaults } = JSON.parse(document.getElementById("page-data")?.textContent || "{}");
    return Number(query.get("refresh") || defaults?.refresh);
  }

  /** @param {() => void} then - with the first touch or key, or when somebody looks and a refresh is due */
  function onceAsked(then) {
    const asked = new AbortController();
    const begin = () => {
      if (asked.signal.aborted) return;
      asked.abort();
      then();
    };
    const due = () => {
      if (!document.hidden) begin();
      else document.addEventListener("visibilitychange", due, { signal: asked.signal });
    };
    for (const touch of TOUCHES) addEventListener(touch, begin, { capture: true, passive: true, signal: asked.signal });
    if (pace() > 0) setTimeout(due, pace() * 1000);
  }

  window.whole = new Promise((done) => {
    document.addEventListener("DOMContentLoaded", () => {
      const tags = Array.from(document.querySelectorAll("script[data-late]"));
      const addresses = tags.map((tag) => /** @type {string} */ (tag.getAttribute("src")));
      const begin = () => {
        setTimeout(stillLoads, OLD_AFTER);
        fetchAhead(addresses.slice(1), "preload");
        run(addresses, done);
      };
      if (!isEnough()) return oncePainted(begin);
      onceAsked(begin);
      const { connection } = /** @type {{ connection?: { saveData: boolean } }} */ (navigator);
      if (!connection?.saveData) oncePainted(() => fetchAhead(addresses, "prefetch"));
    });
  });

  /* As assets/page/tabbar.js does it, so that no tab moves when that comes. */
  function foldTabs() {
    const [row, menu, count] = ["tabs", "more-tabs", "more-tabs-count"].map((id) => document.getElementById(id));
    if (!row || !menu || !count || row.scrollWidth <= row.clientWidth) return;
    const links = Array.from(row.querySelectorAll("a"));
    menu.hidden = false;
    for (const link of links.filter((one) => one.ariaCurrent !== "page").reverse()) {
      if (row.scrollWidth <= row.clientWidth) break;
      link.hidden = true;
      count.textContent = `${links.filter((one) => one.hidden).length} more`;
    }
  }

  /* As assets/chart/legend.js does it: whole names, and how many more there are. */
  function foldLegends() {
    for (const legend of document.querySelectorAll(".sketched .legend")) {
      const names = /** @type {HTMLElement[]} */ (Array.from(legend.querySelectorAll(".named")));
      let end = -LEGEND_GAP;
      const ends = names.map(({ offsetWidth }) => (end += offsetWidth + LEGEND_GAP));
      if (end <= legend.clientWidth) continue;
      const rest = names.filter((_, at) => ends[at] + LEGEND_GAP + LEGEND_MORE > legend.clientWidth);
      for (const name of rest) name.remove();
      const more = document.createElement("span");
      more.className = "more";
      more.textContent = `+${rest.length}`;
      legend.append(more);
    }
  }

  document.addEventListener("DOMContentLoaded", () => {
    requestAnimationFrame(() => {
      foldTabs();
      foldLegends();
    });
  });

  /* Until the scripts are there */

  /* What was pressed, in order. Of what opens something only the last: one is open at a time. */
  /** @type {HTMLElement[]} */
  let pressed = [];
  const OPENERS = "summary, #finder-open, .keys-open, [data-open]";
  const opens = (/** @type {HTMLElement} */ one) => one.matches(OPENERS);

  /** @param {HTMLElement[]} some */
  function forget(some) {
    for (const one of some) one.removeAttribute("data-pending");
    pressed = pressed.filter((one) => !some.includes(one));
  }

  /** @param {HTMLElement} target - twice is once: nobody knows whether the first was heard */
  function keep(target) {
    forget(pressed.filter((one) => one === target || (opens(one) && opens(target))));
    pressed.push(target);
    target.toggleAttribute("data-pending", true);
  }

  /** @param {string} changes - of a link, to be laid over the address: as assets/lib/url.js does it */
  function laidOver(changes) {
    const laid = new URLSearchParams(location.search);
    for (const [name, value] of new URLSearchParams(changes)) {
      if (value) laid.set(name, value);
      else laid.delete(name);
    }
    return laid.size ? `?${laid}` : location.pathname;
  }

  /* Where a chart was touched last: the crosshair is pinned there once it is drawn (assets/page/first.js). Whatever else is
   * asked for after that takes its place. */
  function forgetTap() {
    for (const one of document.querySelectorAll("[data-tapped]")) one.removeAttribute("data-tapped");
  }

  function keepTap(/** @type {MouseEvent} */ event) {
    /** @type {HTMLElement | null | undefined} */
    const chart = event.target instanceof Element ? event.target.closest(".sketched .chart") : null;
    if (!chart || !isPhone()) return;
    const { left, top } = chart.getBoundingClientRect();
    chart.dataset.tapped = `${event.clientX - left} ${event.clientY - top}`;
    forget(pressed.filter(opens));
  }

  document.addEventListener("keydown", forgetTap);
  document.addEventListener("click", (event) => {
    /* Not where something is only done afterwards. */
    if (event.isTrusted) {
      forgetTap();
      keepTap(event);
    }
    if (window.metrics || event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    if (!(event.target instanceof Element) || !document.getElementById("first")) return;
    /** @type {HTMLElement | null} */
    const target = event.target.closest("a[data-set], a[data-filter], a[data-unfilter], button, summary");
    if (!target || target.closest("form")) return;
    event.preventDefault();
    /* Another page is sooner here than its scripts; but it knows nothing of what was pressed on this one. */
    if (target.dataset.set !== undefined && pressed.every(opens)) location.assign(laidOver(target.dataset.set));
    else keep(target);
  });
  /* Menus say what holds, which the first answer tells. */
  const answered = new Promise((done) => document.addEventListener("metrics:answer", done, { once: true }));
  Promise.all([window.whole, answered]).then(() => {
    for (const one of pressed) {
      one.removeAttribute("data-pending");
      if (one.isConnected) one.click();
      else if (one.dataset.filter !== undefined) follow(one);
    }
  });

  /** A link of a table that the page's own has replaced by then. @param {HTMLElement} link */
  function follow(link) {
    document.body.append(link);
    link.click();
    link.remove();
  }

  /* A wall */

  /* A page that came only in part (the server went away in the middle) has nobody in front of it to load it again. */
  function watch() {
    const watching = setInterval(() => {
      if (window.metrics?.answer) return clearInterval(watching);
      fetch(location.href, { cache: "no-store" }).then(
        (response) => {
          if (response.ok && !response.redirected) location.reload();
        },
        () => {
          /* not there yet */
        },
      );
    }, CAME_WHOLE_WITHIN);
  }

  root.dataset.bsTheme = theme();
  if (!isKiosk) return;
  root.dataset.kiosk = "";
  /* As assets/wall/wall.js measures it. */
  const [width, height] = innerWidth < innerHeight ? [1080, 1920] : [1920, 1080];
  root.style.setProperty("--wall", String(Math.max(0.5, Math.min(innerWidth / width, innerHeight / height))));
  watch();
})();
