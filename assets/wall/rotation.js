/* The tabs of a wall take turns (?kiosk=1&rotate=30).
 *
 * The next tab is asked for while the present one stays: only when its answer is there does the address follow, and a
 * still of the old picture covers the new one until that is drawn. Without an answer nothing changes. */
(function (metrics) {
  const SHORTEST = 5;
  const HOLD = 60000;
  const ANSWER_WITHIN = 40000;
  const DRAWN_WITHIN = 5000;
  const TRY_AGAIN = 5000;

  const now = () => performance.now();
  let due = null;
  let heldUntil = 0;
  let pending = null;

  function seconds() {
    const wanted = Number(metrics.url.get("rotate"));
    return metrics.wall.isOn() && metrics.page.tabs.length > 1 && wanted > 0 ? Math.max(SHORTEST, wanted) : 0;
  }

  function neighbour(step) {
    const tabs = metrics.page.tabs;
    const place = Math.max(0, tabs.findIndex((tab) => tab.id === metrics.url.get("tab")));
    return tabs[(place + step + tabs.length) % tabs.length];
  }

  function healthy() {
    return metrics.connection.problem() === null && metrics.answer !== null && !metrics.answer.error;
  }

  /* { next: title, left: seconds or null while it is held or waits, part: 1 → 0 } or null where nothing rotates */
  function state() {
    const every = seconds();
    if (!every) return null;
    const waits = due === null || isHeld() || !healthy();
    const left = waits ? null : Math.max(0, Math.ceil((due - now()) / 1000));
    return { next: neighbour(1).title, left, part: waits ? 0 : Math.max(0, (due - now()) / 1000 / every), held: isHeld() };
  }

  function isHeld() {
    return now() < heldUntil;
  }

  function step() {
    const every = seconds();
    if (!every) {
      due = null;
    } else if (due === null) {
      due = now() + every * 1000;
    } else if (isHeld()) {
      due = Math.max(due, heldUntil);
    } else if (now() >= due && pending === null) {
      if (healthy()) show(neighbour(1).id);
      else due = now() + TRY_AGAIN;
    }
    if (pending !== null && now() - pending.at > ANSWER_WITHIN) giveUp();
  }

  function show(tab) {
    if (pending !== null || tab === metrics.url.get("tab")) return;
    pending = { tab, at: now(), from: location.search, still: freeze() };
    metrics.refresh.ask(metrics.url.search({ tab }), "rotate");
  }

  document.addEventListener("metrics:answer", ({ detail: data }) => {
    if (pending === null) return;
    const elsewhere = pending.from !== location.search;
    /* The answer to a tick that was under way says nothing about the tab that was asked for. */
    if (data.tab !== pending.tab && !elsewhere) return;
    if (data.error || elsewhere) {
      giveUp();
      return;
    }
    const still = pending.still;
    pending = null;
    due = now() + seconds() * 1000;
    metrics.url.go({ tab: data.tab }, { replace: true });
    whenDrawn(data.tab, () => lift(still));
  });

  function giveUp() {
    lift(pending.still);
    pending = null;
    due = now() + TRY_AGAIN;
  }

  /* A picture of the board as it stands, over the board. It is no part of what React looks after. */
  function freeze() {
    const board = document.getElementById("board");
    if (!board) return null;
    const still = board.cloneNode(true);
    still.removeAttribute("id");
    still.querySelectorAll("[id]:not(svg *)").forEach((element) => element.removeAttribute("id"));
    still.querySelectorAll(".js-plotly-plot").forEach((element) => element.classList.add("still-plot"));
    still.classList.add("still");
    still.setAttribute("aria-hidden", "true");
    still.inert = true;
    const box = board.getBoundingClientRect();
    Object.assign(still.style, { left: `${box.left}px`, top: `${box.top}px`, width: `${box.width}px`, height: `${box.height}px` });
    document.body.append(still);
    return still;
  }

  function lift(still) {
    if (!still) return;
    still.dataset.leaving = "";
    setTimeout(() => still.remove(), 400);
  }

  function whenDrawn(tab, then) {
    const started = now();
    const look = () => {
      const cards = document.querySelectorAll(`#grid-${tab} .card`);
      const drawn = document.querySelectorAll(`#grid-${tab} .js-plotly-plot .xaxislayer-above`);
      if ((cards.length && drawn.length >= cards.length) || now() - started > DRAWN_WITHIN) then();
      else setTimeout(look, 40);
    };
    look();
  }

  /* Somebody is at the keys: what they chose stays for a while. */
  function hold() {
    heldUntil = now() + HOLD;
  }

  function release() {
    heldUntil = 0;
    due = now() + seconds() * 1000;
  }

  setInterval(step, 250);
  metrics.rotation = { state, show, neighbour, hold, release, isHeld, isTurning: () => pending !== null };
})(window.metrics);
