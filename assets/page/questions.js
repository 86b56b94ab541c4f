/* Questions to the server have numbers, and every answer carries that of its question.
 *
 * Two may be open at once: a click while a tick is under way. Only the newest one's answer is taken, and only where it
 * fits what stands on the page by then: new traces go into the figures that they were made for, figures onto the cards
 * that stood when they were asked for, and all of it in the looks that hold now. What doesn't fit is asked for again. */
((metrics) => {
  let last = 0;
  /** @type {Question | null} */
  let newest = null;
  /** @type {Map<number, Question>} */
  const asked = new Map();
  /* What stands on the page: the numbers of the answers that brought its figures and its cards, 0 for none; and of which
     address the figures are. */
  let standing = { figures: 0, cards: 0 };
  let drawn = "";

  /* Of what is drawn, what the browser alone decides on. */
  const looks = () => [document.documentElement.dataset.bsTheme, ...metrics.url.getAll("hidden").sort()].join("\n");

  /**
   * @param {AskReason} reason
   * @param {string} search
   */
  function ask(reason, search) {
    last += 1;
    newest = {
      number: last,
      reason,
      search,
      key: metrics.shown.keyOf(search),
      looks: looks(),
      at: Date.now(),
      ...standing,
      state: "open",
    };
    asked.set(last, newest);
    return newest;
  }

  const isOpen = () => newest?.state === "open";

  /* What the newest question asks for is not there: it has no answer, or one that something is wrong with. */
  const isOwed = () => newest !== null && newest.state === "unanswered";

  /** @param {string} search - whether the figures that stand are of it, so that new traces suffice */
  const isDrawn = (search) => standing.figures > 0 && metrics.shown.keyOf(search) === drawn;

  /**
   * The end of a question without an answer that can be used.
   * @param {number | undefined} number
   */
  function fail(number) {
    const question = asked.get(number ?? 0);
    if (question?.state === "open") question.state = "unanswered";
  }

  /**
   * What is to become of an answer: "take" it, it is "late" (a newer question is open, or about to be), or what it
   * brings is to be asked for "again".
   * @param {Pick<Answer, "number" | "brings">} answer
   * @returns {"take" | "late" | "again"}
   */
  function judge({ number, brings }) {
    const question = asked.get(number);
    if (!question || question !== newest) return "late";
    if (question.reason !== "rotate" && question.key !== metrics.shown.keyOf(location.search)) return "late";
    if (brings === "nothing") return "take";
    const fits = {
      cards: true,
      figures: question.cards === standing.cards,
      traces: question.figures === standing.figures,
    };
    return fits[brings] && question.looks === looks() ? "take" : "again";
  }

  /** @param {Answer} answer - it stands on the page now */
  function answered({ number, brings, error, final, unread }) {
    const question = asked.get(number);
    if (!question) return;
    question.state = error && !final ? "unanswered" : "answered";
    if (brings !== "nothing") {
      standing = { figures: error ? 0 : number, cards: brings === "cards" ? number : standing.cards };
      drawn = question.key;
      metrics.shown.stand(question.search, unread);
    }
    for (const old of asked.keys()) if (old < number) asked.delete(old);
  }

  /* Key and moment of the newest question. */
  const key = () => newest?.key ?? null;
  const at = () => newest?.at ?? 0;

  const questions = { ask, isOpen, isOwed, isDrawn, fail, judge, answered, key, at };
  metrics.questions = questions;
  if (typeof module === "object") module.exports = questions;
})(globalThis.metrics);
