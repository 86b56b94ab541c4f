"""A simulated game server: another process, which sends over HTTP like any other.

- ``simulation``: what happens in any hour, as arithmetic on a seed.
- ``feed``: sends it, live and backwards. ``child``: runs that beside the application.
- ``status``: whether it is feeding this store; the page says so.

Nothing of the real pipeline depends on this room, but for the page's notice.
"""
