"""From a chart and a range to values: plain numbers, no figure and no HTML.

- ``queries``: ``Queries`` answers for the page, the API and exports alike; the only reader of buckets.
- ``data``: the frozen records that it answers with, and the errors that it raises.
- ``timerange``: ranges, windows and grids: pure time arithmetic.
- ``ad_hoc``: a chart that no catalog declares. ``tables`` and ``exports``: charts as tables and files.
- ``uncomputed``: which buckets of a chart can't be computed. ``visible``: headlines without hidden series.
  ``rotation``: a tab value by value. ``filtering``: which charts follow a filter, and what the others say; ``doubts``:
  which of their numbers are bounds.
- ``cache``: values computed once, however many ask; ``redis_cache`` shares them, as plain ``records``.
- ``plan``, ``rows``, ``ratios``, ``percentiles``, ``uniques``, ``apart``, ``series``, ``ranking``, ``aggregates``,
  ``headline``, ``refusals``: the steps of ``queries``, each a file.
"""
