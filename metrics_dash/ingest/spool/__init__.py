"""The disk behind the buffer: batches that wait for PostgreSQL in files, and survive the process that took them.

- ``records``: one batch as bytes, and what can be read of a file in which some bytes are wrong.
- ``folder``: the files of each process, their lock, and how much room all of them take.
- ``handover``: when batches go to disk, by whom, and how they come back in their order. The collector's own.
"""
