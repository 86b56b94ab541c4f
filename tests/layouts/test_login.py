"""The login page: works without a script, and what somebody typed stays text."""

import re

import pytest

from layouts.login import login_page, logout_page, message_page

EVIL = '"><script>alert(1)</script>{%app_entry%}'


def test_it_is_a_form_that_works_without_a_script() -> None:
    page = login_page("1", csrf="token", following="/admin/metrics/")
    assert re.findall(r'<form method="post" action="([^"]+)"', page) == ["/admin/login"]
    assert re.findall(r'<input [^>]*name="([^"]+)"', page) == ["csrf_token", "next", "username", "password"]
    for name in ("username", "password"):
        assert f'<label for="{name}">' in page
    assert 'autocomplete="current-password"' in page


def test_a_provider_is_a_link_beside_the_form_or_alone() -> None:
    both = login_page("1", csrf="token", following="/admin/metrics/", provider=True)
    assert re.findall(r'action="([^"]+)"', both) == ["/admin/login"]
    assert 'href="/admin/login/oidc?next=%2Fadmin%2Fmetrics%2F"' in both
    alone = login_page("1", csrf="token", password=False, provider=True)
    assert "<form" not in alone
    assert "/admin/login/oidc" in alone
    assert "proxy" in login_page("1", csrf="token", password=False)


@pytest.mark.parametrize(
    "page",
    [
        login_page("1", csrf=EVIL, following=EVIL, username=EVIL, problem=EVIL),
        logout_page("1", csrf=EVIL, name=EVIL),
        message_page("1", EVIL, EVIL),
    ],
)
def test_what_somebody_typed_stays_text(page: str) -> None:
    assert page.count("<script>") == 1
    assert "alert(1)" in page
    assert "&lt;script&gt;alert(1)" in page


def test_what_is_wrong_is_said_aloud() -> None:
    assert '<p class="problem" role="alert">Too many tries.</p>' in login_page("1", csrf="", problem="Too many tries.")
    assert "alert" not in login_page("1", csrf="")
