"""Time arithmetic of the dashboard: pure functions, aware UTC.

A *time range* is what somebody asked for: two moments, and whether its end moves with the clock (``parse``). A *window*
is what will be drawn: a time range with the resolution, and the level of buckets that it is read from (``windows``).
Its buckets, and those that they are compared with, are arrays of bounds (``grid``).

- A bucket belongs to a window when it starts at or after the window's start rounded down to a bucket, and before its
  end. So the first bucket is drawn whole although it may be visible only in part.
- Minute and hour buckets are those of UTC. In a zone whose offset is not a whole hour (Kathmandu) an hour bucket
  therefore starts at a quarter or half past, and is labelled so.
- Day buckets are the zone's days, of 23 or 25 hours where the clocks change. They are added up from hour buckets, or
  from minute buckets in a zone whose offset is not a whole hour. Where retention has left only day buckets, days are
  UTC days and the window says so (``days_are_utc``).
"""
