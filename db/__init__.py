"""The only room with SQL. It imports nothing of ours; one file for each thing that is done to the tables.

The server and the schema
    ``engine`` (``Database``: one engine per process), ``planned`` (what a session plans once), ``deadlines`` (how
    long an answer may take), ``embedded`` (the server that comes along), ``upgrade`` (its data brought to a newer
    major version), ``orphans`` (what one leaves behind that was killed), ``private`` (files and folders that nobody
    else may enter), ``liveness`` (folders that tell whether who made them lives), ``schema`` and ``access_tables``
    (the tables as SQLAlchemy knows them), ``columns`` (what those have in common), ``migrate`` (up to date or not,
    and how to get there), ``roles`` (who may do what), ``programs`` (PostgreSQL's own, and which of them fit),
    ``backups`` (everything in one file, and back).
Events in
    ``rows`` (what a raw row may hold, and how it travels), ``aggregates`` (measurements that are already aggregated),
    ``histograms`` (as senders have them), ``counters`` (those that their senders add up for ever), ``batches`` and
    ``ledger`` (rows that commit together, each batch exactly once), ``remembered`` (batches that the ledger forgets),
    ``quarantine`` (the one bad event of a batch), ``names`` (of events, and how many), ``faults`` (what a failed write
    means), ``partitions`` (a table a day), ``events`` (``insert_events``, ``query_events``).
Events rolled up
    ``levels`` (raw, minute, hour, day), ``rollups`` (dirty buckets computed again), ``keys`` (those of a
    pass), ``fold`` (from rows to buckets) and ``fold_distributed`` (where Citus spreads events
    over workers), ``slices`` (of the open minute, to fold no more than is new), ``fives``
    (minutes by five, to read no more than is drawn), ``late``
    (events merged into buckets whose raw events are gone), ``bins`` (their histograms), ``registers``
    (their unique counts), ``splits`` (all of that by the values of a dimension), ``labels`` and ``event_keys`` (what
    buckets name, and how many), ``whole`` (keys with too many values to tell them
    apart), ``declared`` (what a catalog wants more of),
    ``failures`` (what can't be computed), ``buckets`` (``query_buckets``, ``purge_buckets_before``), ``floors`` (below
    which a level holds nothing), ``clock`` (what time it is for that), ``lowering`` (a floor that rose by mistake),
    ``audit`` (a level beside the finer one) and ``audit_splits``, ``repairs`` (buckets marked because they are
    doubted).
Who does what
    ``replica`` (whether it keeps up), ``reading`` (questions to whichever server may answer), ``identity`` (which
    database this is), ``server`` (its connections, clock, disk), ``rights`` (what a role lacks for its work),
    ``sizes`` (the room that tables take), ``collectors`` (heartbeats, and what is still on its way),
    ``jobs`` (who runs a job), ``status`` (how far all is).
Who may come in
    ``users`` and their ``sessions``, ``tokens`` of programs, read-only ``links`` and the walls that came by them,
    ``attempts`` (how often somebody tried of late), ``audit_log`` (what was done, by whom).
Charts out
    ``annotations`` (what somebody says of a moment), ``series`` (everything that a tab needs) in one statement
    (``series_statement``, ``series_fives``, ``series_splits``, ``series_filtered``, ``series_raw``), of all events or
    of those that ``filters`` leave; ``series_reads`` (what is asked and answered), ``series_kept`` (what of it is sent
    as buckets keep it), ``series_answers`` (from the bytes that come back to arrays).
"""
