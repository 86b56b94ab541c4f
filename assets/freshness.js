/* How old the picture is, said plainly beside the title: it ages by the second, also when no answer comes any more. */
(function (metrics, callbacks) {
  const MISSED_TICKS = 3;
  const BEHIND_AFTER = 60;
  let answer = null;
  let drawnAt = null;

  /* answer.data → nothing; a failed answer leaves the last picture and its time standing */
  callbacks.answered = function (data) {
    if (!data) return;
    if (!data.error) {
      drawnAt = Date.now();
      answer = data;
    } else {
      answer = Object.assign({}, answer, { error: data.error });
    }
    metrics.answer = answer;
    metrics.url.mark();
    render();
  };

  function age() {
    return (Date.now() - drawnAt) / 1000;
  }

  function say() {
    if (answer === null) return ["quiet", "Connecting…"];
    if (drawnAt === null) return ["bad", answer.error];
    if (answer.error) return ["bad", `${answer.error} · picture ${metrics.time.duration(age())} old`];
    const seconds = Number(metrics.url.get("refresh"));
    if (metrics.url.isLive() && seconds > 0 && age() > seconds * MISSED_TICKS + 5) {
      return ["bad", `No answer · picture ${metrics.time.duration(age())} old`];
    }
    const through = metrics.time.clock(answer.completeThrough, answer.zone);
    if (!answer.live) return ["quiet", `Paused · complete through ${through}`];
    const behind = (answer.at - answer.completeThrough) / 1000;
    if (behind > BEHIND_AFTER) return ["warn", `${metrics.time.duration(behind)} behind · complete through ${through}`];
    return ["ok", `Live · complete through ${through}`];
  }

  function render() {
    const pill = document.getElementById("freshness");
    const text = document.getElementById("freshness-text");
    if (!pill || !text) return;
    const [tone, words] = say();
    if (pill.dataset.tone !== tone) pill.dataset.tone = tone;
    if (text.textContent !== words) text.textContent = words;
  }

  setInterval(render, 1000);
})(window.metrics, window.dash_clientside.metrics);
