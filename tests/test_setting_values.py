"""What a setting's text may be: each kind of value, and the line that says what is wrong with a bad one."""

from datetime import timedelta

import pytest

from metrics_dash.setting_values import (
    LONGEST,
    check_header,
    check_origin,
    check_proxies,
    is_address,
    is_loopback,
    parse_address,
    parse_duration,
    parse_list,
    parse_roles,
    parse_size,
    short,
)


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("90s", timedelta(seconds=90)),
        ("5m", timedelta(minutes=5)),
        ("5min", timedelta(minutes=5)),
        ("1.5h", timedelta(minutes=90)),
        ("2w", timedelta(days=14)),
        (f"{LONGEST.days}d", LONGEST),
    ],
)
def test_a_duration_has_a_number_and_a_unit(text: str, length: timedelta) -> None:
    assert parse_duration(text) == length
    assert parse_duration(length) == length


@pytest.mark.parametrize(("text", "size"), [("0", 0), ("17", 17), ("4KiB", 4096), (" 256 MiB", 2**28), ("1GiB", 2**30)])
def test_a_size_is_bytes_or_has_a_unit(text: str, size: int) -> None:
    assert parse_size(text) == size
    assert parse_size(size) == size


@pytest.mark.parametrize("text", ["", "MiB", "-1", "1.5GiB", "256MB", "1 TiB", "٣"])
def test_what_is_no_size_is_quoted(text: str) -> None:
    with pytest.raises(ValueError, match="is not a size such as 256MiB"):
        parse_size(text)


@pytest.mark.parametrize("text", ["5", "m", "-5m", "5 m", "5M", "٣m", f"{LONGEST.days + 1}d"])
def test_what_is_no_duration_is_quoted(text: str) -> None:
    with pytest.raises(ValueError, match=text):
        parse_duration(text)


@pytest.mark.parametrize(
    ("host", "loopback"),
    [
        ("127.0.0.1", True),
        ("::1", True),
        ("localhost", True),
        ("0.0.0.0", False),
        ("10.0.0.1", False),
        ("example.org", False),
    ],
)
def test_an_address_is_of_this_machine_alone_or_not(host: str, loopback: bool) -> None:
    assert is_loopback(host) is loopback
    assert is_address(host)
    assert not is_address(f"{host} ")


def test_a_list_is_split_at_its_commas_each_once() -> None:
    assert parse_list(" a, b,,a ") == ("a", "b")
    assert parse_list("") == ()


def test_addresses_that_anybody_could_reach_take_no_datagrams() -> None:
    assert parse_address("127.0.0.1:8125") == ("127.0.0.1", 8125)
    assert parse_address("[::1]:8125") == ("::1", 8125)
    with pytest.raises(ValueError, match="not a loopback address"):
        parse_address("0.0.0.0:8125")


@pytest.mark.parametrize("place", ["0.0.0.0/0", "::/0"])
def test_a_network_of_everybody_is_no_proxy(place: str) -> None:
    assert check_proxies(("10.0.0.0/8", "unix")) == ("10.0.0.0/8", "unix")
    with pytest.raises(ValueError, match="everybody"):
        check_proxies((place,))


@pytest.mark.parametrize("name", ["X User", "X-User:", "", "1X"])
def test_a_headers_name_is_letters_digits_and_hyphens(name: str) -> None:
    assert check_header("X-Remote-User") == "X-Remote-User"
    with pytest.raises(ValueError, match="not a header"):
        check_header(name)


@pytest.mark.parametrize("url", ["http://example.org", "https://u:p@example.org", "https://", "javascript:alert(1)"])
def test_an_origin_can_not_be_read_on_the_way_and_holds_no_password(url: str) -> None:
    assert check_origin("https://example.org/sub") == "https://example.org/sub"
    with pytest.raises(ValueError, match=r"https://|neither"):
        check_origin(url)


def test_groups_have_roles() -> None:
    assert parse_roles("ops=admin, *=viewer") == {"ops": "admin", "*": "viewer"}
    with pytest.raises(ValueError, match="groups and their roles"):
        parse_roles("=admin")


def test_a_long_value_is_quoted_in_part() -> None:
    assert short("x" * 41) == f"'{'x' * 40}…'"
