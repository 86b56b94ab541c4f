"""What a browser may post to a callback: what the callback declares and nothing else, checked before Dash reads it.

Dash takes a body's word for which outputs exist and how many values they want, and fails where it is wrong. Here a body
is compared with the callback's own declaration, and each input is validated against the type that ``types`` declares
for it. An input without a declared type stops the start, so no callback can be reached by values it does not expect.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import orjson
from flask import Flask, request
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from metrics_dash.web.paths import BASE_PATH
from metrics_dash.web.problems import ProblemError

PATH = f"{BASE_PATH}_dash-update-component"
# A page of twenty charts asks with 6 KB.
MAX_BODY = 128 * 1024

_Text = Annotated[str, Field(max_length=256)]
_ComponentId = _Text | dict[_Text, _Text]


class _Property(BaseModel):
    """A property of a component. A wildcard's value in ``id`` stands for any text."""

    model_config = ConfigDict(strict=True, extra="forbid")

    id: _ComponentId
    property: _Text


class _Value(_Property):
    """A property and what it holds in the browser."""

    value: Any = None


_Output = _Property | list[_Property]


class _Body(BaseModel):
    """A post of Dash's renderer."""

    model_config = ConfigDict(strict=True, extra="forbid")

    output: Annotated[str, Field(max_length=4096)]
    outputs: list[_Output] | _Property
    inputs: list[_Value]
    state: list[_Value] = []
    changedPropIds: list[_Text]  # noqa: N815 - Dash's name
    parsedChangedPropsIds: list[_Text] = []  # noqa: N815 - Dash's name


class CallbackGuard:
    """Knows every callback that the server answers: Dash's map of them (``Dash.callback_map``).

    ``types``: of each input, by ``component.property``.
    """

    def __init__(self, callbacks: Mapping[str, Any], types: Mapping[str, Any]) -> None:
        # Clientside callbacks stand in the same map, but nothing here answers them.
        self._declared = {name: spec for name, spec in callbacks.items() if "callback" in spec}
        wanted = {_name(each) for spec in self._declared.values() for each in [*spec["inputs"], *spec["state"]]}
        if missing := sorted(wanted - types.keys()):
            raise TypeError(f"callbacks take {', '.join(missing)}, whose types are not declared")
        if wild := sorted(name for name in wanted if name.startswith("{")):
            raise TypeError(f"a callback takes {wild[0]}, but only outputs may have wildcards")
        self._types: dict[str, TypeAdapter[Any]] = {name: TypeAdapter(types[name]) for name in wanted}

    def check(self, raw: bytes) -> None:
        """Compare a body with the callback that it names. Raises ``ProblemError`` 400 that says what is wrong."""
        body = _parsed(raw)
        spec = self._declared.get(body.output)
        if spec is None:
            raise _bad("output", "no callback has these outputs")
        _check_outputs(body.outputs, spec["output"])
        self._check_values("inputs", body.inputs, spec["inputs"])
        self._check_values("state", body.state, spec["state"])
        known = {_name(each) for each in spec["inputs"]}
        if not known.issuperset(body.changedPropIds + body.parsedChangedPropsIds):
            raise _bad("changedPropIds", "names what is no input of this callback")

    def _check_values(self, where: str, sent: Sequence[_Value], declared: Sequence[Mapping[str, str]]) -> None:
        if [_name(each.model_dump()) for each in sent] != [_name(each) for each in declared]:
            raise _bad(where, "are not those of this callback")
        for each in sent:
            name = f"{each.id}.{each.property}"
            try:
                self._types[name].validate_python(each.value, strict=True)
            except ValidationError as error:
                raise _bad(name, _first(error)) from None


def _parsed(raw: bytes) -> _Body:
    if len(raw) > MAX_BODY:
        raise ProblemError(413, f"a callback's body is at most {MAX_BODY // 1024} KiB")
    try:
        # Decoded here and not by pydantic, which reads NaN and Infinity as numbers.
        return _Body.model_validate(orjson.loads(raw))
    except orjson.JSONDecodeError as error:
        raise ProblemError(400, f"the body is not JSON: {error}") from None
    except ValidationError as error:
        raise ProblemError(400, f"the body is not a callback's: {_first(error)}") from None


def _check_outputs(sent: _Property | list[_Output], declared: Any) -> None:
    """Refuse outputs that are not the declared ones; those with a wildcard must all stand for the same components."""
    wanted = list(declared) if isinstance(declared, list | tuple) else [declared]
    given: list[_Output] = sent if isinstance(sent, list) else [sent]
    if len(given) != len(wanted):
        raise _bad("outputs", f"are {len(given)} and not {len(wanted)}")
    mounted = set()
    for one, output in zip(given, wanted, strict=True):
        wildcards = _wildcards(output.component_id)
        if isinstance(one, list) != bool(wildcards):
            raise _bad("outputs", "are not those of this callback")
        for each in one if isinstance(one, list) else [one]:
            if each.property != output.component_property or not _fits(each.id, output.component_id):
                raise _bad("outputs", "are not those of this callback")
        if isinstance(one, list):
            mounted.add(tuple(_matched(each, wildcards) for each in one))
    if len(mounted) > 1:
        raise _bad("outputs", "do not stand for the same components")


def _wildcards(declared: Any) -> list[str]:
    """Return the keys of an id that stand for more than one component; none of a plain id."""
    return [key for key, value in declared.items() if not isinstance(value, str)] if isinstance(declared, dict) else []


def _fits(sent: str | Mapping[str, str], declared: Any) -> bool:
    if not isinstance(declared, dict) or not isinstance(sent, dict):
        return bool(sent == declared)
    free = _wildcards(declared)
    return sent.keys() == declared.keys() and all(key in free or sent[key] == declared[key] for key in declared)


def _matched(sent: _Property, wildcards: Sequence[str]) -> tuple[str, ...]:
    """Return what stands for the wildcards of a component."""
    return tuple(sent.id[key] for key in wildcards) if isinstance(sent.id, dict) else ()


def _name(each: Mapping[str, Any]) -> str:
    return f"{each['id']}.{each['property']}"


def _first(error: ValidationError) -> str:
    """Return the first complaint: where and what, and nothing of what was sent."""
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    # What pydantic calls the branches of a union stands between the keys.
    where = ".".join(str(part) for part in first["loc"] if not re.search(r"[_\[]", str(part)))[:100]
    message = first["msg"].partition(" or instance of")[0]
    return f"{where}: {message}" if where else message


def _bad(where: str, complaint: str) -> ProblemError:
    return ProblemError(400, f"{where}: {complaint}")


def install(server: Flask, guard: CallbackGuard, path: str = PATH) -> None:
    """Check every post to a callback at ``path`` before Dash reads it."""

    @server.before_request
    def _check_callback() -> None:
        if request.path == path and request.method == "POST":
            if (request.content_length or 0) > MAX_BODY:
                raise ProblemError(413, f"a callback's body is at most {MAX_BODY // 1024} KiB")
            if not request.is_json:
                raise ProblemError(400, "a callback takes application/json")
            guard.check(request.get_data(cache=True))
