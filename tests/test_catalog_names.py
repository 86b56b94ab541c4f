"""Names in a catalog: what they look like, and what is said of one that doesn't."""

import pytest
from pydantic import TypeAdapter, ValidationError

from metrics_dash.catalog_names import EventName, Identifier, Key


@pytest.mark.parametrize(
    ("kind", "good", "bad"),
    [
        (Identifier, ["a", "login-rate", "p-95"], ["", "Login", "a_b", "-a", "a--b"]),
        (Key, ["ms", "xp_reward", "_a1"], ["", "1a", "a-b", "a b"]),
        (EventName, ["shop.order", "a_b.c"], ["", "Shop.Order", "shop..order", "a b"]),
    ],
)
def test_a_name_is_taken_or_quoted(kind: object, good: list[str], bad: list[str]) -> None:
    reader: TypeAdapter[str] = TypeAdapter(kind)
    assert [reader.validate_python(name) for name in good] == good
    for name in bad:
        with pytest.raises(ValidationError) as problem:
            reader.validate_python(name)
        assert repr(name) in str(problem.value)
