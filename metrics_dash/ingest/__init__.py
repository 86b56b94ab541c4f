"""From outside to committed: nothing is acknowledged before it is stored, in the database or on disk while that is
away, and nothing is stored twice.

- ``event``: what may come in. Every door (the bus, HTTP, files) checks events here.
- ``collector``: takes events, and a thread stores them in batches. Others start it, offer to it and stop it.
- ``submission``: a batch that its sender waits for, and the errors when it is not committed.
- ``names``: the quota of event names, as one process knows it. ``pieces``: how a large request is cut into batches.
- ``formats``: from the bytes of each wire format to events.
- ``datagrams``: StatsD's sockets, and the thread that reads them.
- ``notes``: annotations as they come in, checked.
- ``importer``: a file of events, straight into the database.
- ``tally`` and ``reports``: what a process does, and the events in which it says so.
- ``refusals``: what was refused and is to be reported, as events of its own.
- ``buffer`` (the way in), ``books`` and ``accounting`` (where every event is), ``spool`` (the disk behind the buffer),
  ``delivery`` (a group into the database), ``outage`` (when to try again) and ``heartbeat`` (what it says of itself):
  the collector's own, between those who emit and the thread.
"""
