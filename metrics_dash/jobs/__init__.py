"""What runs by the clock, in one process at a time.

- ``scheduler``: ``Job`` and ``Scheduler``; it knows nothing of what the jobs do.
- ``rollup``: computes dirty buckets again, a pass at a time or until none is dirty.
- ``retention``: drops what is past its time, level by level.
- ``uncomputed``: buckets that can't be computed, in a sentence that a person can act on.
- ``supervision``: threads that are kept alive, and what is done once a second whatever fails of it.
- ``audit``: compares every level with the finer one that still exists. ``repair``: does so all the time, in slices, and
  has computed again what differs.

``metrics_dash.runtime`` makes jobs of them, the command line runs each once. A new job is a file here and a row there.
"""
