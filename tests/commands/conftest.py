"""Commands are run as in ``tests.test_cli``."""

from tests.test_cli import Run, on, process_as_it_was, run

__all__ = ["Run", "on", "process_as_it_was", "run"]
