/* What of the address can't be read is said above the charts, which are drawn without it. */
((metrics) => {
  const { dom, events } = metrics;

  events.on("answer", ({ unread = [] }) => {
    const note = dom.maybe("unread");
    if (!note) return;
    note.hidden = unread.length === 0;
    dom.write(note, unread.length ? `Passed over in the address: ${unread.map(({ text }) => text).join("; ")}` : "");
  });
})(window.metrics);
