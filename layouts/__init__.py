"""What is seen: components and figures, built from plain data. Nothing here queries, and nothing answers a request.

- ``shell`` is the page around ``board``, the tabs with their grids of ``cards``. ``controls``, ``timecontrol``,
  ``keys``, ``finder``, ``reading``, ``account`` and ``wall`` are its parts, by what a person does. ``login``: the page
  before it.
- ``pages/``: the pages beside the dashboard. ``figure/``: a chart's data as a Plotly figure. ``export/``: what leaves
  the page.
- ``theme``: the one place for colours and measures; ``brand`` and ``accent``: name, logo and colour of whoever runs it.
  ``numbers``, ``units``, ``words``, ``changes``, ``ranges`` and ``summary``: values,
  ranges and charts as people say them. ``annotations``: what is said of a moment. ``icons`` and ``markup``: small
  parts of HTML.

``ranking``: a table of values in a card.

``first``: the page before any script has run, of ``static`` HTML, with a ``sketch`` of each chart, its
``sketch_axes`` and their reach (``sketch_reach``), and in the words of ``freshness``. ``begin``: the one script that
runs before anything is painted.

callbacks and routes build with these; a new control is a file here and a line in ``shell``.
"""
