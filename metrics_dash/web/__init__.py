"""HTTP: the server, the gate before every route, and the routes for programs.

``install`` puts all of it on a Flask server; ``serve`` runs it. The page's routes and callbacks use ``context`` (what
they need to answer), ``address`` (what the page's address says), ``paths`` and ``problems`` (which error is which HTTP
answer).
Flask is imported nowhere else in this package.
"""
