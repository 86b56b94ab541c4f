"""What callbacks need to answer: given once when the application is made, so that no callback looks anything up."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from metrics_dash.auth.permissions import LOCAL, Principal
from metrics_dash.catalog import Catalog
from metrics_dash.charts.queries import Queries
from metrics_dash.settings import Settings


@dataclass(frozen=True)
class Context:
    """``clock`` gives the present as aware UTC; ``demo`` says whether the simulated game server feeds the store;
    ``version`` is the program's (``metrics_dash.ops.build``); ``problems`` is what is wrong with this process's
    threads, a half sentence each; ``warnings``, what somebody should look into though all is served. ``viewer`` says
    who the present request is from; ``record`` puts what they did into the audit log; ``saw``
    counts them among those who look, as a wall or not."""

    catalog: Catalog
    settings: Settings
    queries: Queries
    clock: Callable[[], datetime]
    demo: Callable[[], bool]
    version: str
    problems: Callable[[], Sequence[str]] = tuple
    viewer: Callable[[], Principal] = lambda: LOCAL
    record: Callable[[str, str], None] = lambda action, subject: None
    warnings: Callable[[], Sequence[str]] = tuple
    saw: Callable[[bool], None] = lambda wall: None
