"""metrics_dash: events in, exact buckets, live charts.

::

    from metrics_dash import execute, span, attach, detach
    execute("game.auth.login_complete", {"duration_ms": 150}, {"account_id": 1, "success": True})

The first event of a process starts a collector on the database that ``DATABASE_URL`` or ``METRICS_DATA_DIR`` names.
"""

from metrics_dash.emit import autostart as _autostart
from metrics_dash.emit.bus import attach, default_bus, detach, execute, span

__version__ = "0.2.0"
__all__ = ["attach", "default_bus", "detach", "execute", "span"]

_autostart.install(default_bus)
