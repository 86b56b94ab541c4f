"""A chart's data as a Plotly figure, in plain dicts.

- ``figures``: ``figure`` makes the whole, what surrounds the traces included; others call this.
- ``traces``: what is drawn, series by series. A new shape is one function and one row of ``SHAPES``.
- ``heat``: a heatmap's cells. ``fills``: what is tinted where a line has gaps.
- ``axes`` and ``arrays``: its axes, and its numbers as they travel. ``ticks``: what of its axes moves on with every
  refresh. ``logarithms``: a logarithmic axis. ``marks``: what both axes of values are labelled at. ``moments``: where
  a time axis may have ticks. ``room``: how much fits into it.
- ``labels``: text from outside as Plotly shows it and does not read it.
- ``bounds``: what the chart is held against: how far its axis reaches, a target line, a band that warns.
- ``annotations``: what somebody says of moments, marked on the time axis.
"""
