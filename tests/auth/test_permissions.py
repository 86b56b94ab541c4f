"""Permissions and scopes: what a principal may do, and what it reaches."""

import pytest

from metrics_dash.auth.permissions import LOCAL, MANAGE, PERMISSIONS, SCOPES, Principal, within


@pytest.mark.parametrize("name", ["shop.paid", "shop.order.paid", "shop"])
@pytest.mark.parametrize("prefix", ["shop", "shop."])
def test_a_prefix_has_what_lies_under_it(name: str, prefix: str) -> None:
    assert within([prefix], name)


@pytest.mark.parametrize("name", ["shopping.paid", "shop_a.paid", "a.shop.paid", "", "sho"])
@pytest.mark.parametrize("prefix", ["shop", "shop."])
def test_a_prefix_matches_whole_segments(name: str, prefix: str) -> None:
    assert not within([prefix], name)


def test_several_prefixes_are_any_of_them_and_none_is_everything() -> None:
    assert within(["a", "b.c."], "b.c.d")
    assert not within(["a", "b.c."], "b.d")
    assert within([], "anything")


def test_whoever_sits_here_may_do_everything_and_somebody_new_nothing() -> None:
    assert LOCAL.permissions == set(PERMISSIONS)
    assert LOCAL.scopes == set(SCOPES)
    assert not Principal("user", "ann").may(MANAGE)


def test_a_link_sees_its_tabs_and_one_without_tabs_all() -> None:
    link = Principal("link", "wall", tabs=frozenset({"auth"}))
    assert link.sees_tab("auth")
    assert not link.sees_tab("combat")
    assert Principal("link", "wall").sees_tab("combat")


def test_the_audit_log_calls_programs_and_walls_by_their_ids() -> None:
    assert Principal("token", "shop", identity="0123").actor == "token shop 0123"
    assert Principal("link", "wall", identity="0123").actor == "link 0123"
    assert Principal("user", "ann").actor == "ann"
