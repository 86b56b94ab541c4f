"""Programs that use the client: each a process of its own, with an interpreter that knows nothing else of ours."""

import os
import subprocess
import sys
from pathlib import Path

from tests.support.processes import PATIENCE_SECONDS, ROOT

CLIENT = ROOT / "clients" / "python"


def program(code: str, *, python: str = sys.executable, folder: Path | None = None, **environment: str) -> str:
    """Run Python code to its end; what it printed. ``folder``: where it runs, and imports from first."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("METRICS_", "PYTHON"))}
    path = {} if python != sys.executable else {"PYTHONPATH": str(CLIENT)}
    done = subprocess.run(
        [python, "-W", "error::ResourceWarning", "-c", code],
        cwd=folder or CLIENT.parent,
        env={**inherited, **path, **environment},
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr
