"""influxdb-client sends unchanged, and Telegraf's way over the first version's API does."""

from tests.senders.conftest import Application

PROGRAM = """
from influxdb_client import InfluxDBClient, Point
from influxdb_client.client.write_api import SYNCHRONOUS
client = InfluxDBClient(url=URL, token=TOKEN, org="any", enable_gzip={gzip})
assert client.ping()
writer = client.write_api(write_options=SYNCHRONOUS)
points = [Point("Wire CPU").tag("host", f"h {{n}}").field("usage", 10.0 * n) for n in range(5)]
points[0].field("note", 'a "b"\\nc')
writer.write("any bucket", record=points)
"""

FIRST_VERSION = """
import requests
who = ("telegraf", TOKEN)
created = requests.post(URL + "/query", data={"q": 'CREATE DATABASE "telegraf"'}, auth=who)
assert created.status_code == 200, created.text
line = b"wire_cpu,host=t usage=80\\n"
done = requests.post(URL + "/write?db=telegraf&precision=ns", data=line, auth=who)
assert done.status_code == 204, done.text
"""


def test_what_it_writes_is_on_the_chart_and_is_no_event(application: Application) -> None:
    application.send(PROGRAM.format(gzip=False))
    application.until_charted("influx", 100)
    application.send(PROGRAM.format(gzip=True))
    application.until_charted("influx", 200)
    application.send(FIRST_VERSION)
    application.until_charted("influx", 280)
    assert application.charted("influx-count") == 0
