"""What the doctor finds in the disk behind the buffer."""

from metrics_dash.ingest.spool.folder import SpoolUse, look, unwritable
from metrics_dash.ops.finding import Finding, Verdict
from metrics_dash.settings import Settings

_MIB = 2**20
# A spool that is so full has little left for the next hour.
NEARLY_FULL = 0.8


def spool(settings: Settings) -> Finding:
    """Look whether events find room on disk while PostgreSQL is away, and what lies there."""
    if settings.spool is None:
        text = "off: while PostgreSQL is away events wait in memory, and are refused when that is full"
        return Finding("spool", Verdict.GOOD, text)
    if settings.only_reads:
        return Finding("spool", Verdict.GOOD, "not used: this process does not collect")
    use = look(settings.spool)
    text = f"{_mib(use.size)} of {_mib(settings.spool_size)} MiB in use"
    reason = unwritable(settings.spool)
    if reason is not None:
        remedy = "let this user write there, or set METRICS_SPOOL_DIR"
        return Finding("spool", Verdict.BAD, reason, remedy)
    if use.size > NEARLY_FULL * settings.spool_size:
        return Finding("spool", Verdict.BAD, text, "bring PostgreSQL back, or raise METRICS_SPOOL_SIZE")
    return _left(use, text)


def _left(use: SpoolUse, text: str) -> Finding:
    if use.damaged:
        files = "1 file holds" if use.damaged == 1 else f"{use.damaged} files hold"
        remedy = "what could be read is stored: look for the reason (a failing disk?) and delete the folder damaged"
        return Finding("spool", Verdict.WORTH_A_LOOK, f"{text}; {files} bytes that are wrong", remedy)
    if use.orphans:
        left = (
            "a process that is gone has left events" if use.orphans == 1 else "processes that are gone have left events"
        )
        return Finding(
            "spool", Verdict.WORTH_A_LOOK, f"{text}; {left}", "run python -m metrics_dash run or worker here"
        )
    return Finding("spool", Verdict.GOOD, text)


def _mib(size: int) -> str:
    return f"{size / _MIB:,.1f}".removesuffix(".0")
