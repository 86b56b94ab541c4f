"""segment-analytics-python sends unchanged."""

from tests.senders.conftest import Application

PROGRAM = """
from segment.analytics import Client
failures = []
client = Client(TOKEN, host=URL, gzip={gzip}, on_error=lambda error, items: failures.append(error))
for n in range(10):
    client.track(user_id=n + 1, event="Wire.Order Tracked", properties={{"total": 3, "cart": {{"size": n}}}})
client.identify("u", {{"plan": "pro"}})
client.page("u", "Docs", "Pricing", {{"path": "/pricing"}})
client.shutdown()
assert not failures, failures
"""


def test_what_it_tracks_is_on_the_chart(application: Application) -> None:
    application.send(PROGRAM.format(gzip=False))
    application.until_charted("segment", 30)
    application.send(PROGRAM.format(gzip=True))
    application.until_charted("segment", 60)
