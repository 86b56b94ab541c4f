"""What is run by hand or by ``make``, and is no part of the program.

- ``screenshots``: the pictures of the documentation (``make screenshots``).
- ``busy``: a command on a machine whose cores are busy (``make test-busy``).
- ``distribution``: the build step that ``pip`` runs, which moves the rooms into the package.
- ``newest-python.sh``: the Python that ``make`` takes.
"""
