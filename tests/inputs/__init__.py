"""Odd input as data: a file per door, a case a line, and the exact answer to each.

An HTTP case: ``case`` (its name), ``path`` and, where they differ from GET and nothing, ``method``, ``headers``,
``query`` (name to value or values), and one of ``body`` (text), ``json``, ``base64`` and ``repeat`` ([text, times]),
``gzip`` of any of them; or ``raw``, the bytes of a connection of its own (text, or parts of which [text, times] is
repeated). The answer: ``status``, and either ``answer`` (JSON; of an object the keys that stand there) or ``text`` (the
body's beginning). ``again``: the same request was sent before, so its events are not stored once more.

The door ``guarded`` has a login: names such as ``$VIEWER`` and ``$INGEST`` stand for cookies and tokens (``visitors``).

To add a case, write its line without ``status`` and run ``python -m tests.inputs``, which asks a real server and fills
in what is missing; then read what it wrote.
"""
