"""What the fault tests share: a server of their own that they may kill, and the table at their end."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from db.engine import Database
from db.migrate import migrate
from tests.support import faults


@pytest.fixture
def own_server() -> Iterator[Database]:
    """An embedded server that a test may kill."""
    folder = Path(tempfile.mkdtemp(prefix="metrics-fault-"))
    folder.chmod(0o755)
    database = Database(data_dir=folder)
    try:
        database.start()
        migrate(database)
        yield database
    finally:
        database.close()
        shutil.rmtree(folder, ignore_errors=True)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the table."""
    if faults.rows:
        terminalreporter.write_line(f"\n{faults.HEAD}")
        for row in faults.rows:
            terminalreporter.write_line(str(row))
