"""Batches into the database, a transaction for each group of them; how the collector's thread writes.

What a failure means for the batches is the collector's business.
"""

import logging
import time
from collections.abc import Callable

from db.batches import Batch, Written, days_of
from db.engine import Database
from db.faults import lacks_partition
from db.ledger import write_batch_bisecting, write_batches
from db.partitions import ensure_partitions, forget_partitions
from metrics_dash.ingest.tally import FLUSH, Tally

log = logging.getLogger(__name__)


class Delivery:
    """Writes to ``database``; ``clock`` is what the batches' ages are told by, and ``tally`` is told of each flush."""

    def __init__(self, database: Database, *, name_quota: int, clock: Callable[[], float], tally: Tally) -> None:
        self._database, self._name_quota = database, name_quota
        self._clock, self._tally = clock, tally

    def write(self, batches: list[Batch], since: float) -> list[Written]:
        """Store the batches; what became of each. ``since``: when the oldest of their events came. Raises what the
        driver raises; then none is stored, or it will be found to be."""
        try:
            return self._write_once(batches, since)
        except Exception as error:
            if not lacks_partition(error):
                raise
            # Purged since it was made, and let in again since: it is made anew.
            forget_partitions(self._database)
            return self._write_once(batches, since)

    def _write_once(self, batches: list[Batch], since: float) -> list[Written]:
        began = time.perf_counter()
        ensure_partitions(self._database, days_of(batches))
        with self._database.begin() as connection:
            written = write_batches(connection, batches, waited=self._clock() - since, name_quota=self._name_quota)
        self._tally.took(FLUSH, time.perf_counter() - began)
        return written

    def bisect(self, batch: Batch, since: float) -> Written:
        """Store a batch of which the database refuses some rows, which are set aside."""
        with self._database.begin() as connection:
            written = write_batch_bisecting(
                connection, batch, waited=self._clock() - since, name_quota=self._name_quota
            )
        for index, reason in written.quarantined:
            log.error("event %d of batch %s went to quarantine: %s", index, batch.batch_id, reason)
        return written
