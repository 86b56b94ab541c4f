"""Fill in what is missing: ask a real server and the readers, and write their answers into the cases.

``python -m tests.inputs`` fills what has no ``status`` (HTTP) or no ``error`` and ``ok`` (settings, catalogs);
``python -m tests.inputs --all`` writes every answer anew. Read the difference before it is committed.
"""

import sys
from typing import Any

from tests.inputs.cases import GUARDED, HTTP_DOORS, Answer, Case, load, save, send
from tests.inputs.readers import READERS
from tests.inputs.visitors import filled, let_in
from tests.support.processes import data_folder, eventually, is_up, running

# Of a moment and not of the input.
_PASSING = ("complete_through", "start", "end", "from", "to", "version", "t", "v")


def main() -> None:
    anew = "--all" in sys.argv[1:]
    with data_folder() as folder, running(folder) as app:
        app.until_ready()
        for door in HTTP_DOORS:
            cases = load(door)
            save(door, [_filled(case, send(case, app.port), anew) for case in cases])
    with data_folder() as folder, running(folder, METRICS_AUTH="password") as app:
        eventually(lambda: is_up(app), "the application answers")
        shown, cases = let_in(folder), load(GUARDED)
        save(GUARDED, [_filled(case, send(filled(case, shown), app.port), anew) for case in cases])
    for door, read in READERS.items():
        save(
            door, [{**case, **read(case)} if anew or not case.keys() & {"ok", "error"} else case for case in load(door)]
        )


def _filled(case: Case, answer: Answer, anew: bool) -> Case:
    if "status" in case and not anew:
        return case
    kept = {key: value for key, value in case.items() if key not in ("status", "answer", "text")}
    return {**kept, "status": answer.status, **_shown(answer)}


def _shown(answer: Answer) -> dict[str, Any]:
    found = answer.json()
    if isinstance(found, dict):
        short = {key: value for key, value in found.items() if key not in _PASSING and len(str(value)) < 1500}
        return {"answer": short}
    try:
        text = answer.body.decode()[:80]
    except UnicodeDecodeError:
        return {}
    return {} if text.startswith("<!DOCTYPE") and answer.status == 200 else {"text": text.partition("\n")[0]}


if __name__ == "__main__":
    main()
