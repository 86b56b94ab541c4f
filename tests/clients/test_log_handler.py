"""The logging handler: records are counted by level and logger, and never about itself."""

import logging
from collections.abc import Iterator

import pytest
from metrics_dash_client import Client, MetricsHandler

from tests.clients.scripted_server import ScriptedServer, serving, status


@pytest.fixture
def root() -> Iterator[logging.Logger]:
    """The root logger, as it was before once the test is over."""
    logger = logging.getLogger()
    handlers, level = logger.handlers[:], logger.level
    logger.setLevel(logging.DEBUG)
    yield logger
    logger.handlers[:], logger.level = handlers, level


def test_a_record_is_an_event_of_its_level_with_its_logger_and_without_its_text(
    scripted: ScriptedServer, root: logging.Logger
) -> None:
    with Client(scripted.url) as client:
        root.addHandler(MetricsHandler(client=client))
        logging.getLogger("shop.cart").error("card %s refused", "4111")
        logging.getLogger("shop").log(25, "an odd level")
    error, odd = scripted.events
    assert (error["event_name"], error["metadata"]) == ("log.error", {"logger": "shop.cart", "level": "ERROR"})
    assert "measurements" not in error
    assert odd["event_name"] == "log.level_25"


def test_a_level_and_a_prefix_choose_what_is_counted_and_how_it_is_called(
    scripted: ScriptedServer, root: logging.Logger
) -> None:
    with Client(scripted.url) as client:
        root.addHandler(MetricsHandler("WARNING", client=client, prefix="shop.log"))
        logging.getLogger("shop").info("no")
        logging.getLogger("shop").warning("yes")
    assert scripted.names == ["shop.log.warning"]


def test_a_logger_with_an_impossible_name_is_counted_too(scripted: ScriptedServer) -> None:
    with Client(scripted.url) as client:
        logger = logging.getLogger("a\0b\ud800" + "x" * 20_000)
        # Ours alone: what else listens, as a test runner does, need not bear such a name.
        logger.propagate = False
        logger.addHandler(MetricsHandler(client=client))
        logger.error("yes")
        assert dict(client.stats().refused) == {}
    assert scripted.events[0]["metadata"]["logger"].startswith("a?b?xxx")


def test_what_the_client_says_about_its_own_trouble_makes_no_event(
    root: logging.Logger, caplog: pytest.LogCaptureFixture
) -> None:
    with serving(status(400), status(400)) as server, Client(server.url) as client:
        root.addHandler(MetricsHandler(client=client))
        logging.getLogger("shop").error("yes")
        client.execute("Not A Name")
        client.flush(30)
        client.close(30)
        assert "the server refuses events" in caplog.text
        assert [request.names for request in server.requests] == [["log.error"]]


def test_by_default_it_counts_with_the_client_of_the_module(
    scripted: ScriptedServer, root: logging.Logger, monkeypatch: pytest.MonkeyPatch
) -> None:
    from metrics_dash_client import default

    with Client(scripted.url) as client:
        monkeypatch.setattr(default, "_client", client)
        root.addHandler(MetricsHandler())
        logging.getLogger("shop").critical("yes")
    assert scripted.names == ["log.critical"]
