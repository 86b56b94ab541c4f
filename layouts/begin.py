"""The script that stands in every page itself: assets/inline/begin.js, and the hash by which it may run there."""

import base64
import hashlib
import re
from pathlib import Path

_FILE = Path(__file__).parent.parent / "assets" / "inline" / "begin.js"
# Of what is there to be read by people a browser gets nothing, as the page comes anew each time.
_FOR_PEOPLE = re.compile(r"^\s*/\*(?:(?!\*/).)*\*/\n|^\s+", re.MULTILINE | re.DOTALL)

FIRST_SCRIPT = _FOR_PEOPLE.sub("", _FILE.read_text(encoding="utf-8")).strip()


def first_script_hash() -> str:
    """Return the hash by which a content security policy lets the first script run."""
    digest = hashlib.sha256(FIRST_SCRIPT.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"
