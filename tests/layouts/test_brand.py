"""Name, logo and accent stand wherever people see whose dashboard it is; a name is text, whatever it holds."""

from dash import html

from layouts.brand import NO_BRAND, Brand
from layouts.login import login_page, logout_page, message_page, secret_page
from layouts.pages import frame
from layouts.shell import index_string, page, page_data
from layouts.wall import strip
from metrics_dash.auth.permissions import LOCAL
from metrics_dash.logo import PNG, Logo
from metrics_dash.settings import load_settings
from tests.support.components import attribute, every, words
from tests.support.figures import CATALOG

EVIL = "<b>Ops & Co"
OWN = load_settings({}, product_name=EVIL, logo=Logo(PNG, b"\x89PNG"), accent="#0a6b50")
BRAND = Brand.of(OWN)


def test_a_logo_is_asked_for_by_what_it_is() -> None:
    others = {Brand.of(load_settings({}, logo=Logo(PNG, data))).logo for data in (b"a", b"b")}
    assert len({BRAND.logo, *others}) == 3
    assert all(logo is not None and logo.startswith("/admin/metrics/logo?v=") for logo in others)


def test_the_sidebar_the_wall_and_the_pages_of_management_show_them() -> None:
    for part in (page(CATALOG, OWN), strip(BRAND), frame.sidebar(LOCAL, "", "/", BRAND)):
        (picture,) = {attribute(image, "src") for image in every(part, html.Img)}
        assert picture == BRAND.logo
        assert EVIL in words(part)


def test_titles_and_colours_follow() -> None:
    assert page_data(CATALOG, OWN)["product"] == EVIL
    for text in (index_string(CATALOG, OWN, "1"), frame.index_string(BRAND)):
        assert "--accent:#0a6b50" in text
        assert "<b>Ops" not in text


def test_a_title_is_text_in_the_html_that_dash_writes() -> None:
    assert Brand("<b>{%css%}").title_markup == "&lt;b&gt;{&#37;css&#37;}"


def test_the_pages_before_a_login_show_them_as_text() -> None:
    for text in (
        login_page("1", csrf="", brand=BRAND),
        logout_page("1", csrf="", name="ann", brand=BRAND),
        message_page("1", "Title", "Problem", BRAND),
        secret_page("1", "Title", "secret", "/", BRAND),
    ):
        assert "· &lt;b&gt;Ops &amp; Co</title>" in text
        assert "<span>&lt;b&gt;Ops &amp; Co</span>" in text
        assert f'<img class="logo" src="{BRAND.logo}" alt="">' in text
        assert "--accent:#0a6b50" in text
        assert "<b>Ops" not in text


def test_without_any_everything_is_as_it_was() -> None:
    assert Brand.of(load_settings({})) == NO_BRAND
    assert (NO_BRAND.title, NO_BRAND.is_own, words(strip(NO_BRAND))) == ("Metrics", False, "")
    assert '<i class="logo"></i><span>Telemetry</span>' in login_page("1", csrf="")
