"""posthog, the SDK for Python, sends unchanged."""

from tests.senders.conftest import Application

PROGRAM = """
from posthog import Posthog
client = Posthog(TOKEN, host=URL, gzip={gzip}, flush_interval=0.1)
failures = []
for consumer in client.consumers:
    consumer.on_error = lambda error, batch: failures.append(error)
for n in range(10):
    paid = {{"amount": 2.5, "plan": {{"name": "pro"}}}}
    client.capture("Wire.Order Paid", distinct_id=f"person {{n}}", properties=paid)
client.shutdown()
assert not failures, failures
"""


def test_what_it_captures_is_on_the_chart(application: Application) -> None:
    before = application.charted("posthog")
    application.send(PROGRAM.format(gzip=False))
    application.until_charted("posthog", before + 25)
    application.send(PROGRAM.format(gzip=True))
    application.until_charted("posthog", before + 50)
    application.until_charted("posthog-count", 20)
