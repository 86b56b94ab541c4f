/* Plotly's drawing says nothing aloud: its labels without their lines are noise. What a chart says stands beside it
 * (layouts/summary.py), and its values are read along the slider. Looked at once a second, since a chart is drawn anew
 * without telling. */
setInterval(() => {
  for (const drawing of document.querySelectorAll(".main-svg:not([aria-hidden])"))
    drawing.setAttribute("aria-hidden", "true");
}, 1000);
