"""Groups of commands that ``metrics_dash.cli`` takes in, and what all commands begin with.

- ``session``: settings, log and database of a command, and the error that ends one in a line.
- ``complaints``: what is said of an error of the system's or the database's.
- ``floors``: where each level begins, and how to take back a floor that rose by mistake.
- ``rollup``: what is dirty, or a span of time, computed again.
- ``annotate``: say something of a moment.
- ``backups``: everything in one file, and back.
- ``checks``: what is wrong, and what to do.
- ``roles``: the database's roles, and what each may.
- ``collectors``: who collects, and how to let go of one that will never come back.
- ``users``, ``tokens``, ``links``: who may come in; ``audit_log``: what was done.
"""
