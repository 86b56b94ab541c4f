"""Who may come in and do what. Nothing here knows HTTP: ``metrics_dash.web`` reads requests and asks this room.

- ``permissions``: what may be done, by whom (``Principal``), and what it reaches: tabs, ranges, event names.
- ``secrets``: ids with a secret behind them, and what is kept of those; ``secret_key``: the one that signs cookies.
- ``passwords``: argon2. ``login``: a name and a password, throttled. ``oidc``: whom a
  provider vouches for. ``sessions``: what a login opens.
- ``people``: adding people, changing and ending what they may. ``tokens``: programs. ``links``: walls and reports.
- ``sweep``: what is over goes. ``overview``: what there is, for the pages of management.
"""
