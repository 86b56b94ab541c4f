"""Figures as PNG images without a viewer, by Kaleido in a Chromium of this machine; an optional extra.

Each image takes a browser of its own for some two seconds. So one is made at a time and few may wait for theirs; more
are refused. Nothing is downloaded, and the browser reaches nothing outside: its network is a proxy that doesn't exist.
"""

import asyncio
import importlib.util
import logging
import os
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from layouts.figure.figures import Figure
from metrics_dash.charts.cache import MemoryStore, SharedCache
from metrics_dash.web.problems import AGAIN_SOON, ProblemError

log = logging.getLogger(__name__)

# The page's own: as small as it gets, and the same picture as on the page.
PLOTLY = Path(__file__).parents[1] / "assets" / "vendor" / "plotly-basic.min.js"
SCALE = 2
WAITING_AT_MOST = 4
SECONDS_AT_MOST = 60.0
GET_KALEIDO = "images need Kaleido: pip install -r requirements-export.txt, and a Chromium or Chrome on this machine"
GET_BROWSER = "images need a Chromium or Chrome on this machine: install one, or name it in BROWSER_PATH"
_KEPT = 32
_NO_NETWORK = "socks5://127.0.0.1:9"


class RenderingUnavailableError(ProblemError):
    """Kaleido or a browser is missing."""

    def __init__(self, message: str) -> None:
        super().__init__(501, message)


class RenderingBusyError(ProblemError):
    """As many wait for images as may."""

    def __init__(self, message: str) -> None:
        super().__init__(503, message, headers=AGAIN_SOON)


class RenderingFailedError(ProblemError):
    """The browser made no image, or not in time."""

    def __init__(self, message: str) -> None:
        super().__init__(500, message)


def draw(figure: Figure, seconds: float = SECONDS_AT_MOST) -> bytes:
    """Return a figure as a PNG, of twice the pixels that its layout says. Raises the errors above, also after
    ``seconds``."""
    if importlib.util.find_spec("kaleido") is None:
        raise RenderingUnavailableError(GET_KALEIDO)
    from choreographer.browsers.chromium import ChromeNotFoundError

    try:
        # In a thread of its own, because the one that asks may have an event loop already.
        with ThreadPoolExecutor(1, thread_name_prefix="rendering") as thread:
            return thread.submit(asyncio.run, _drawn(figure, seconds)).result()
    except ChromeNotFoundError:
        raise RenderingUnavailableError(GET_BROWSER) from None
    except Exception as error:
        log.exception("an image could not be made")
        raise RenderingFailedError(f"the image could not be made ({type(error).__name__})") from error


async def _drawn(figure: Figure, seconds: float) -> bytes:
    """Return the image, by a browser that ends with it; Kaleido itself waits for ever for one that doesn't start."""
    import kaleido

    browser = kaleido.Kaleido(
        plotlyjs=PLOTLY, mathjax=False, timeout=seconds, enable_extensions=False, proxy_server=_NO_NETWORK
    )
    # Neither opening nor closing ends where the browser hangs, and both do where it dies.
    overdue = threading.Timer(seconds, _kill, [browser])
    overdue.daemon = True
    overdue.start()
    try:
        await browser.open()
        image: bytes = await browser.calc_fig(figure, opts={"format": "png", "scale": SCALE})
        return image
    finally:
        await browser.close()
        overdue.cancel()


def _kill(browser: Any) -> None:
    """End the browser and what it started: they are a process group of their own."""
    if (process := getattr(browser, "subprocess", None)) is not None:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)


class Renderer:
    """Makes each image once and keeps it for some seconds; one at a time. ``waiting``: for how many at most."""

    def __init__(
        self, seconds: float, drawing: Callable[[Figure], bytes] = draw, waiting: int = WAITING_AT_MOST
    ) -> None:
        self._drawing = drawing
        timeout = max(1, round(seconds))
        self._store = MemoryStore(timeout, _KEPT)
        self._images = SharedCache(self._store, timeout)
        self._places = threading.BoundedSemaphore(waiting)
        self._one_at_a_time = threading.Lock()

    def image(self, key: str, figure: Callable[[], Figure]) -> bytes:
        """Return the image of ``key``, made of ``figure()`` where there is none yet. Raises the errors of this
        module."""
        kept: Any = self._store.get(key)
        if kept is not None:
            return bytes(kept)
        with self._place():
            return self._images.get(key, lambda: self._draw(figure()))

    def _draw(self, figure: Figure) -> bytes:
        with self._one_at_a_time:
            return self._drawing(figure)

    @contextmanager
    def _place(self) -> Iterator[None]:
        if not self._places.acquire(blocking=False):
            raise RenderingBusyError("too many images are being made; ask again in a few seconds")
        try:
            yield
        finally:
            self._places.release()
