"""HTTP: the server, the gate before every route, and the routes for programs. No other room here knows Flask.

- ``install`` puts all of it on a Flask server; ``serve`` runs one, guarded by ``connections`` (deadlines and limits)
  and ``lanes`` (threads for each kind of work); ``unix_socket``: a place to listen without an address.
  ``gunicorn_worker`` is the same in gunicorn's processes. ``run`` serves
  the whole application.
- ``gate``: closed, unless a row of ``doors`` opens the route to who it is (``identity``, from ``cookies``, tokens and
  what ``proxies`` say; ``credentials`` finds a token in whatever form a client has for it). ``client``: where a request
  comes from. ``sight``: what somebody sees of the page. ``permits``: what a sender may send. ``headers``: what every
  answer says to a browser. ``problems``: which error is which HTTP answer; ``seldom``: what all
  requests meet, logged once a minute. ``callback_guard``: what a browser may post to a callback of the page.
- Routes: ``ingest``; for other systems' clients ``senders`` and ``otlp`` (all with ``received`` and ``body``, and
  ``budget`` and ``memory``: what all requests may hold); ``query``, ``openapi`` (the description of both);
  ``annotations``, ``health``, ``metrics``, ``version``. ``answers`` makes responses. ``figures``: what one process
  tells ``metrics`` of itself; ``sharing``: added up over several.
- For the page's routes and callbacks: ``context`` (what they need to answer), ``address`` (what the page's address
  says), ``paths`` (where the page lives), ``within`` (what is waited for
  a moment and no longer).
"""
