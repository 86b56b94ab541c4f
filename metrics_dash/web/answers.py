"""Making responses."""

from collections.abc import Mapping

import orjson
from flask import Response


def json_answer(content: object, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """Return ``content`` as JSON that no cache keeps."""
    body = orjson.dumps(content, option=orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_NON_STR_KEYS)
    response = Response(body, status=status, mimetype="application/json", headers=dict(headers or {}))
    response.headers["Cache-Control"] = "no-store"
    return response
