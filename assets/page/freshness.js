/* How old the picture is, said plainly beside the title: it ages by the second, also when no answer comes any more. */
(function (metrics, callbacks) {
  let answer = null;
  let drawn = { at: null, since: performance.now() };
  let answered = drawn;

  /* answer.data → nothing; a failed answer leaves the last picture and its time standing */
  callbacks.answered = function (data) {
    if (!data) return;
    answered = { at: Date.now(), since: performance.now() };
    if (!data.error) {
      drawn = answered;
      answer = data;
    } else {
      answer = Object.assign({}, answer, { error: data.error });
    }
    metrics.answer = answer;
    metrics.url.mark();
    render();
    document.dispatchEvent(new CustomEvent("metrics:answer", { detail: data }));
  };

  /* Seconds. Of two clocks the one that shows more: one stands while a laptop sleeps, the other may be set back. */
  function secondsSince({ at, since }) {
    const passed = performance.now() - since;
    return Math.max(passed, at === null ? 0 : Date.now() - at) / 1000;
  }

  const age = () => secondsSince(drawn);

  function problem() {
    const words = metrics.connection.problem() || (answer && answer.error);
    return words ? words[0].toLowerCase() + words.slice(1) : null;
  }

  function old(wrong) {
    const last = metrics.time.clock(drawn.at, answer.zone);
    return `Last update ${last}, ${metrics.time.duration(age())} ago — ${wrong}, retrying`;
  }

  function say() {
    const wrong = problem();
    if (wrong) return ["bad", drawn.at === null ? `No picture yet — ${wrong}, retrying` : old(wrong)];
    if (answer === null) return ["quiet", "Connecting…"];
    const through = metrics.time.clock(answer.completeThrough, answer.zone);
    if (!answer.live) return ["quiet", `Paused · complete through ${through}`];
    if (answer.lag) return [answer.lag.long ? "bad" : "warn", late(answer.lag, through)];
    return ["ok", `Live · complete through ${through}`];
  }

  function late({ seconds, why }, through) {
    return `Behind by ${metrics.time.duration(seconds)}${why ? `: ${why}` : ""} · complete through ${through}`;
  }

  /* Aloud only what changes for the worse, or back: nobody wants to hear a clock. */
  let heard = "ok";
  function alert(tone, words) {
    const wrong = tone === "warn" || tone === "bad";
    if (tone === "quiet" || tone === heard || (!wrong && heard === "ok")) return;
    heard = tone;
    document.getElementById("freshness-alert").textContent = words;
  }

  function render() {
    const pill = document.getElementById("freshness");
    const text = document.getElementById("freshness-text");
    if (!pill || !text) return;
    const [tone, words] = say();
    if (pill.dataset.tone !== tone) pill.dataset.tone = tone;
    if (text.textContent !== words) text.textContent = words;
    alert(tone, words);
  }

  metrics.connection.onChange(render);
  /* age: of the picture. silence: since the last answer, be it only that there is no picture. */
  metrics.freshness = { age, silence: () => secondsSince(answered) };
  setInterval(render, 1000);
})(window.metrics, window.dash_clientside.metrics);
