/* A session that ended leaves the picture where it is, and says where to sign in again; the way back is this address. */
((metrics) => {
  /** @param {string | null} problem */
  function show(problem) {
    const link = metrics.dom.maybe("sign-in");
    if (!link) return;
    link.hidden = problem !== "signed out";
    const here = location.pathname + location.search;
    if (!link.hidden) link.setAttribute("href", `/admin/login?${new URLSearchParams({ next: here })}`);
  }

  metrics.events.on("connection", ({ problem }) => show(problem));
})(window.metrics);
