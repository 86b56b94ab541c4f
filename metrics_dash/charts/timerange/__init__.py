"""Time arithmetic of the dashboard: pure functions, aware UTC.

A *time range* is what somebody asked for: two moments, and whether its end moves with the clock (``parse``). A *window*
is what will be drawn: a time range in whole buckets of a step (``steps``), and the level of buckets that it is read
from (``windows``). Its buckets are arrays of bounds (``grid``), and so are those that they are compared with
(``compared``).

- A fixed range is widened to whole buckets. A live one ends now, in an unfinished bucket, and begins with the first
  bucket that lies in it whole; of a few long buckets also the first is drawn whole. What is added up is what is named.
- Buckets of minutes and of one hour are evenly long and start at round times of the zone (in Kathmandu an hour starts
  at a quarter past an hour of UTC). Buckets of several hours, of days, weeks and months follow the zone's calendar: a
  day has 23 or 25 hours where the clocks change.
- They are added up from the coarsest level that divides them and is held: minutes where the zone's offset is not a
  whole hour. Where retention has left only days, these are days of UTC and the window says so (``days_are_utc``).
"""
