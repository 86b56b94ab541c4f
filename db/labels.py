"""How a bucket names what it counts: ``key:value`` in ``metadata_counts``, and what is counted together under OTHER.

A colon or a backslash of the key has a backslash before it, so the first colon without one ends the key: two pairs
never share a label, whatever they hold. The value stands as it is. It is the value's JSON without quotes, so that 1 and
"1", true and "true", null and "null" are one value each: senders in different languages write them differently, and a
chart could not show them apart.
"""

# Stands for all that has no label of its own: the rarer values of a key, and the keys and measurements that are one
# too many for their event name. A key or value that is called so counts with the rest.
OTHER = "__other__"

# A split's value and a key of at most so many bytes have a label; longer ones count with the rest. With the bounds on
# their numbers it bounds a bucket: 256 keys of 51 labels are at most 17 MB, far from the 256 MB that a map may have.
VALUE_BYTES = 1024
KEY_BYTES = 255


def escape(key: str) -> str:
    """Return the key as a label has it, before the colon."""
    return key.replace("\\", "\\\\").replace(":", "\\:")


def split_label(label: str) -> tuple[str, str]:
    """Return a label's key and value."""
    key: list[str] = []
    letters = iter(enumerate(label))
    for place, letter in letters:
        if letter == ":":
            return "".join(key), label[place + 1 :]
        key.append(next(letters, (place, ""))[1] if letter == "\\" else letter)
    raise ValueError(f"{label!r} has no colon that ends its key")


def escaped_sql(key: str) -> str:
    """Return ``escape`` as SQL over the expression ``key``."""
    # SQLAlchemy takes a backslash before a colon for an escape of its own: never one beside the other.
    return f"replace(replace({key}, $$\\$$, $$\\\\$$), ':', $$\\$$ || ':')"


def key_sql(label: str) -> str:
    """Return the key of a label as it stands there, as SQL. Where nothing is escaped, the first colon ends it."""
    return (
        f"CASE WHEN strpos({label}, $$\\$$) = 0 THEN split_part({label}, ':', 1) "
        f"ELSE substring({label} FROM $$^(([^:\\\\]|\\\\.)*):$$) END"
    )
