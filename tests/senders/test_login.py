"""With a login on, each client sends the token where it sends what other systems give it, and nothing in it changes."""

import pytest

from tests.senders import test_influx, test_otlp, test_posthog, test_segment
from tests.senders.conftest import Application

METRICS = test_otlp.METRICS.format(temporality="CUMULATIVE", compression="Gzip")
PROGRAMS = {
    "posthog": (test_posthog.PROGRAM.format(gzip=False), {"posthog": 25}),
    "posthog, zipped": (test_posthog.PROGRAM.format(gzip=True), {"posthog": 25}),
    "segment": (test_segment.PROGRAM.format(gzip=True), {"segment": 30}),
    "influxdb 2": (test_influx.PROGRAM.format(gzip=True), {"influx": 100}),
    "influxdb 1": (test_influx.FIRST_VERSION, {"influx": 80}),
    "opentelemetry, metrics": (METRICS, {"otlp-counter": 60, "otlp-histogram-sum": 135, "otlp-exponential": 30}),
    "opentelemetry, traces and logs": (test_otlp.TRACES_AND_LOGS, {"otlp-spans": 5, "otlp-logs": 4}),
}
# Without a token it is told so, as it understands it.
REFUSED = """
from posthog import Posthog
client = Posthog("phc_another", host=URL, flush_interval=0.1, max_retries=1)
failures = []
for consumer in client.consumers:
    consumer.on_error = lambda error, batch: failures.append(str(error))
client.capture("Wire.Order Paid", distinct_id="nobody")
client.shutdown()
assert "log in first, or send a token" in " ".join(failures), failures
assert "{" not in " ".join(failures), failures
"""


@pytest.mark.parametrize("client", PROGRAMS)
def test_what_it_sends_with_a_token_is_on_the_chart(guarded: Application, client: str) -> None:
    program, charts = PROGRAMS[client]
    before = {chart: guarded.charted(chart) for chart in charts}
    guarded.send(program)
    for chart, value in charts.items():
        guarded.until_charted(chart, before[chart] + value)
    # Nothing that it showed is in what the application wrote.
    assert guarded.token.rpartition("_")[2] not in guarded.process.output


def test_another_key_is_refused_in_words_that_the_client_passes_on(guarded: Application) -> None:
    guarded.send(REFUSED)
