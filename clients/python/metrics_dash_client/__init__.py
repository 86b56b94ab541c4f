"""metrics_dash_client: send events to a metrics_dash server, with the standard library only.

::

    from metrics_dash_client import execute, span
    execute("shop.order.paid", {"amount": 12.5}, {"country": "DE"})

``METRICS_URL`` says where the server is, ``METRICS_TOKEN`` who sends. Importing starts nothing; the first event starts
a thread, and what it holds is sent at exit. ``Client`` is for programs that want an instance of their own.
"""

from metrics_dash_client.accounting import Stats
from metrics_dash_client.client import Client
from metrics_dash_client.default import close, configure, execute, flush, span, stats
from metrics_dash_client.log_handler import MetricsHandler
from metrics_dash_client.version import __version__

__all__ = [
    "Client",
    "MetricsHandler",
    "Stats",
    "__version__",
    "close",
    "configure",
    "execute",
    "flush",
    "span",
    "stats",
]
