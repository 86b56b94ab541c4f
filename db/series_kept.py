"""How histograms and unique counts are sent: as buckets keep them, and put together by whoever asked.

To add them up in the server would take several times as long. Before the texts stand how many there are (int8) and the
moment that each is of: as the server has it (timestamptz), as to make a number of one takes longer than to read it.
"""

from db.bins import GREATEST

# Between two histograms: no place and no count.
NO_PLACE = -10 * GREATEST
# No letter of what stands between: registers go from "0" upwards, over ";" and all of ASCII's capitals.
BETWEEN_UNIQUES = "|"
BINS = f"' {NO_PLACE} '"
UNIQUES = f"'{BETWEEN_UNIQUES}'"


def kept_sql(moment: str, packed: str, between: str) -> str:
    """Return an aggregate, as SQL: null of nothing. ``packed``: never null. ``between``: ``BINS`` or ``UNIQUES``."""
    return (
        f"int8send(count(*)) || string_agg(timestamptz_send({moment}), '')"
        f" || convert_to(string_agg({packed}, {between}), 'UTF8')"
    )
