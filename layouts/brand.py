"""What the dashboard is called and looks like, as whoever runs it has it: name, logo, accent."""

from dataclasses import dataclass
from html import escape

from dash import html

from layouts.theme import css_variables
from metrics_dash.settings import PRODUCT_NAME, Settings
from metrics_dash.web.paths import LOGO_PATH


@dataclass(frozen=True, slots=True)
class Brand:
    """``logo``: the picture's address; None: a square in the accent's colours. ``accent``: as ``#rrggbb``; None: the
    theme's own."""

    name: str = PRODUCT_NAME
    logo: str | None = None
    accent: str | None = None

    @classmethod
    def of(cls, settings: Settings) -> "Brand":
        """Return what the settings say."""
        logo = settings.logo
        return cls(settings.product_name, f"{LOGO_PATH}?v={logo.digest}" if logo else None, settings.accent)

    @property
    def is_own(self) -> bool:
        """Whether there is anything to tell this dashboard from another."""
        return self.logo is not None or self.name != PRODUCT_NAME

    @property
    def title(self) -> str:
        """What a page's title ends with."""
        return "Metrics" if self.name == PRODUCT_NAME else self.name

    @property
    def title_markup(self) -> str:
        """The same for Dash, which writes it into its HTML as it stands, and reads ``{%`` as a field of its own."""
        return escape(self.title).replace("%", "&#37;")

    def variables(self) -> str:
        """Return the CSS of both themes."""
        return css_variables(self.accent)

    def parts(self) -> list[html.I | html.Img | html.Span]:
        """Return logo and name. The name is beside it, so the picture says nothing to who listens."""
        picture = html.I(className="logo") if self.logo is None else html.Img(src=self.logo, alt="", className="logo")
        return [picture, html.Span(self.name)]


NO_BRAND = Brand()
"""Of a dashboard that nobody named."""
