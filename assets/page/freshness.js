/* How old the picture is, said plainly beside the title: it ages by the second, also when no answer comes any more. */
((metrics) => {
  const { time, dom } = metrics;

  const LATE_AFTER = 1000;

  /* The first picture may have come with the page (first.js). */
  const begun = document.querySelector("#first .sketched") !== null;
  /** @type {Instant} */
  let drawn = begun ? { at: performance.timeOrigin, since: 0 } : { at: null, since: performance.now() };
  /* As long as its words hold (layouts/freshness.py). */
  const FIRST_HOLDS = 10;
  const first = dom.maybe("freshness");
  /** @type {[tone: string, words: string]} */
  const sent =
    first?.dataset.of === "before"
      ? ["quiet", "Connecting…"]
      : [first?.dataset.tone ?? "quiet", dom.maybe("freshness-text")?.textContent ?? ""];
  /** @type {string | null} */
  let unconnected = null;

  /* A failed answer leaves the last picture and its time standing. */
  metrics.events.on("standing", (data) => {
    metrics.questions.answered(data);
    if (data.error) {
      metrics.answer = Object.assign({}, metrics.answer, { error: data.error, final: data.final });
    } else {
      drawn = time.instant();
      metrics.answer = data;
    }
    metrics.links.mark();
    metrics.events.announce("answer", data);
  });

  function problem() {
    const words = unconnected || metrics.answer?.error;
    return words ? words[0].toLowerCase() + words.slice(1) : null;
  }

  /**
   * @param {string} wrong
   * @param {string} [zone]
   */
  function old(wrong, zone) {
    if (drawn.at === null) return `No picture yet — ${wrong}, retrying`;
    const ago = time.duration(time.secondsSince(drawn));
    const before = metrics.shown.isPending() ? "; the charts are of before" : "";
    return `Last update ${time.clock(drawn.at, zone)}, ${ago} ago — ${wrong}, retrying${before}`;
  }

  /** @returns {[tone: string, words: string]} */
  function say() {
    const { answer } = metrics;
    const wrong = problem();
    if (!unconnected && answer?.error && answer.final) return ["bad", "This address can’t be shown"];
    if (wrong) return ["bad", old(wrong, answer?.zone)];
    if (answer === null) return begun && time.secondsSince(drawn) < FIRST_HOLDS ? sent : ["quiet", "Connecting…"];
    if (isLate()) return ["quiet", "Loading… the charts are of before"];
    return fresh(answer);
  }

  /* What was asked for lets one wait. Quick answers need no words. */
  const isLate = () => metrics.shown.isPending() && Date.now() - metrics.questions.at() > LATE_AFTER;

  /**
   * @param {Answer} answer
   * @returns {[tone: string, words: string]}
   */
  function fresh({ completeThrough, zone, end, live, lag }) {
    const through = `complete through ${time.clock(completeThrough, zone)}`;
    if (!live)
      return ["quiet", `${metrics.url.pace() ? "Over" : "Paused"} · ${end <= completeThrough ? "complete" : through}`];
    if (lag) return [lag.long ? "bad" : "warn", late(lag, through)];
    /* Nothing follows now where nothing is asked. */
    if (!metrics.url.pace()) return ["quiet", `Refresh is off · ${through}`];
    return ["ok", `Live · ${through}`];
  }

  /**
   * @param {Lag} lag
   * @param {string} through
   */
  function late({ seconds, why }, through) {
    return `Behind by ${time.duration(seconds)}${why ? `: ${why}` : ""} · ${through}`;
  }

  /* Aloud only what changes for the worse, or back: nobody wants to hear a clock. */
  let heard = "ok";

  /**
   * @param {string} tone
   * @param {string} words
   */
  function alert(tone, words) {
    const wrong = tone === "warn" || tone === "bad";
    if (tone === "quiet" || tone === heard || (!wrong && heard === "ok")) return;
    heard = tone;
    dom.find("freshness-alert").textContent = words;
  }

  function render() {
    const pill = dom.maybe("freshness");
    if (!pill) return;
    const [tone, words] = say();
    if (pill.dataset.tone !== tone) pill.dataset.tone = tone;
    dom.write(dom.maybe("freshness-text"), words);
    if (pill.title !== words) pill.title = words;
    alert(tone, words);
  }

  metrics.events.on("connection", (connection) => {
    unconnected = connection.problem;
    render();
  });
  /* Also with each answer. */
  metrics.events.on("marked", render);
  setInterval(render, 1000);
})(window.metrics);
