"""Wire formats: from the bytes of a body to events, one file for each.

Each yields events one after the other, or why what stands in the place of one is none (``MalformedEvent``). What an
event may hold is not theirs to say: all of them pass the same gate (``metrics_dash.ingest.pieces``).

- ``json``: this program's own events, as one document or as lines.
- ``posthog``, ``segment``: what the SDKs of these send.
- ``influx``: the line protocol, as Telegraf sends it.
- ``statsd``: StatsD's and DogStatsD's lines.
- ``otlp``, ``otlp_metrics``: OpenTelemetry's logs and traces, and its metrics. ``messages``: how much their protobuf
  would take, before it is decoded.
- ``names``: other systems' names as names of events. ``properties``: nested properties as measurements and metadata.
  ``moments``: other systems' times.
- ``reading``: what all share: their errors, and the bounds on what is read. ``documents``: JSON taken apart without
  decoding it whole.
"""
