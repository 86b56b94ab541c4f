"""What keeps an installation well, for those who run it.

- ``doctor``: looks at settings, database, schema, lag and disk, and says what to do; ``surroundings`` are what stands
  around: rights, connections, clock, disks, replica, Redis; ``spool`` is the disk behind the buffer, and ``access`` who
  can come in. ``finding``: what any of them says about one thing.
- ``lag``: whether the pipeline keeps up, and what holds it up; the page says the same.
- ``pipeline``: everything that the pipeline page shows.
- ``build``: which version of the program this is.
"""
