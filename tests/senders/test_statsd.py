"""statsd and datadog, the clients of StatsD and DogStatsD, send unchanged, by UDP and by a Unix socket.

A Unix socket takes ten datagrams here before its reader has had its turn, and a client that is told not to wait drops
what comes then; so this one waits.
"""

import pytest

from tests.senders.conftest import Application
from tests.support.processes import eventually

PLAIN = """
from statsd import StatsClient
client = StatsClient("127.0.0.1", PORT, prefix="wire")
for n in range(10):
    client.incr("requests", 3)
    client.timing("took", 20 + n)
    client.set("visitors", f"person {n % 3}")
client.gauge("players", 40)
client.gauge("players", 2, delta=True)
with client.pipeline() as pipe:
    pipe.decr("requests", 5)
    pipe.timing("took", 7)
"""

DOG = """
import random
from datadog.dogstatsd import DogStatsd
random.seed(7)
place = {{"socket_path": SOCKET}} if {unix} else {{"host": "127.0.0.1", "port": PORT}}
client = DogStatsd(**place, disable_buffering={unbuffered}, constant_tags=["env:test"],
                   socket_timeout=10)
for n in range(10):
    client.increment("wire.dog.requests", 2, tags=["route:/", "fast"])
    client.distribution("wire.dog.sizes", n, tags=["Route:/"])
client.event("Deployed", "version 7\\nof the shop", tags=["team:shop"], alert_type="info")
client.service_check("wire.dog.alive", 0)
client.flush()
client.close_socket()
"""


def test_counters_gauges_timings_and_sets_are_on_their_charts(application: Application) -> None:
    application.send(PLAIN)
    application.until_charted("statsd-counter", 25)
    application.until_peak("statsd-gauge", 42)
    application.until_charted("statsd-timings", 11)
    application.until_charted("statsd-set", 10)
    assert application.charted("statsd-counted") == 0


@pytest.mark.parametrize("unix", [False, True], ids=["udp", "unix"])
@pytest.mark.parametrize("unbuffered", [False, True], ids=["buffered", "one by one"])
def test_what_a_datadog_client_sends_is_on_the_chart(application: Application, unix: bool, unbuffered: bool) -> None:
    counted, sized = application.charted("dogstatsd-counter"), application.charted("dogstatsd-distribution")
    application.send(DOG.format(unix=unix, unbuffered=unbuffered))
    application.until_charted("dogstatsd-counter", counted + 20)
    application.until_charted("dogstatsd-distribution", sized + 10)
    eventually(
        lambda: "metrics_dash_datagram_lines_malformed_total 0.0" in application.process.get("/metrics").text,
        "nothing of it was malformed",
    )
