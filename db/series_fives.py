"""The parts of the statement that read a long stretch of minutes by fives (``db.fives``), as far as those stand.

Minutes are read up to where fives begin, and from the first five that is marked on: the open one, as a rule. Which that
is, is asked in the statement that reads, so in its snapshot. What depends on a single minute is not read so: whether it
counts a value among rarer ones.
"""

from db.levels import FIVE

# `head` and `tail`: from when to when fives are read. Whatever is not certain is read by minutes.
READS = f"""(SELECT read.*, head, (
        SELECT greatest(head, least(min(bucket_start), date_bin('{FIVE.width.total_seconds():.0f} s', until, 'epoch')))
        FROM stale_fives WHERE event_name = event AND bucket_start >= head
    ) AS tail FROM FROM_READS CROSS JOIN LATERAL (
        SELECT least(until, greatest(start, coalesce(max(since), 'infinity'))) AS head FROM fives_since OFFSET 0
    ) AS begun OFFSET 0) AS read"""


def parts_sql(table: str, columns: str, those: str = "") -> str:
    """Return the rows of a read, as SQL. ``those``: a further condition, which begins with ``AND``."""
    return f"""(VALUES ('{FIVE.source}', read.start, read.head), ('{FIVE.name}', read.head, read.tail),
            ('{FIVE.source}', read.tail, read.until)) AS part (level, first, upto) CROSS JOIN LATERAL (
            SELECT {columns} FROM {table} WHERE event_name = read.event AND bucket_type = part.level {those}
                AND bucket_start >= part.first AND bucket_start < part.upto OFFSET 0
        ) AS bucket"""
