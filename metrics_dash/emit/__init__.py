"""How a program emits events.

- ``bus``: ``execute``, ``span``, ``attach``, ``detach``. Programs import these four from ``metrics_dash`` itself.
- ``autostart``: the collector that the first event of a process starts, where no runtime has attached its own.
- ``sender``: sending over HTTP, as a program on another machine does; the demo is its only user here.

Others use the bus and, to attach a collector, the two handler ids of ``autostart``.
"""
