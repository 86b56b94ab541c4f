/* Plotly is here: from now on its charts are drawn in turns. */
((metrics) => {
  metrics.draws.take(window.Plotly);
})(window.metrics);
