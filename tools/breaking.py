"""Breaking changes: what a caller of the last release could do or read, and of this one cannot.

`docs/released/<version>/` holds the documents of each release (`make release-documents`). A change is told by the operation
whose callers it breaks; one that is meant is named in CHANGELOG.md, under Unreleased, by that operation in backquotes.

Looked at are operations, parameters, bodies and successful answers, through references. Of a request nothing may be narrowed:
no member removed or newly required, no value or type refused. Of an answer nothing may be widened: no member removed or no
longer always there, no type or value added that readers do not know.
"""

import json
import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).parents[1]
RELEASED: Final = ROOT / "docs" / "released"
SERVICES: Final = ("trainer", "scores-api", "chatbot")
_METHODS: Final = ("get", "post", "put", "patch", "delete")
_DEEPEST: Final = 12


@dataclass(frozen=True)
class Change:
    """What breaks whom."""

    operation: str
    """The operation's id; `healthz` breaks everyone as well."""
    what: str

    def __str__(self) -> str:
        return f"`{self.operation}`: {self.what}"


@dataclass(frozen=True)
class _Side:
    """One of the two documents."""

    document: Mapping[str, Any]

    def resolved(self, node: Mapping[str, Any]) -> Mapping[str, Any]:
        """What a reference stands for."""
        while "$ref" in node:
            target: Any = self.document
            for part in node["$ref"].removeprefix("#/").split("/"):
                target = target[part]
            node = target
        return node

    def kinds(self, schema: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
        """The types that a schema allows, by a word for each: alternatives are told apart."""
        schema = self.resolved(schema)
        found: dict[str, Mapping[str, Any]] = {}
        for several in ("anyOf", "oneOf"):
            for each in schema.get(several, ()):
                name = each.get("$ref", "").rsplit("/", 1)[-1]
                for word, kind in self.kinds(each).items():
                    found[f"{word} {name}" if name and word == "object" else word] = kind
        if found:
            return found
        stated = schema.get("type")
        words = (
            stated
            if isinstance(stated, list)
            else [stated or ("enum" if "enum" in schema or "const" in schema else "anything")]
        )
        return {str(word): schema for word in words}


def breaking(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Change]:
    """Every breaking change between two documents."""
    before, after = _Side(old), _Side(new)
    for path, operations in old["paths"].items():
        for method in _METHODS:
            if method not in operations:
                continue
            was = operations[method]
            name = was["operationId"]
            now = new["paths"].get(path, {}).get(method)
            if now is None:
                yield Change(name, f"{method.upper()} {path} is gone")
                continue
            if now["operationId"] != name:
                yield Change(name, f"is called {now['operationId']} now, as are functions of generated clients")
            for what in dict.fromkeys((*_parameters(was, now, before, after), *_bodies(was, now, before, after))):
                yield Change(name, what)
            for what in dict.fromkeys(_answers(was, now, before, after)):
                yield Change(name, what)


def _parameters(was: Mapping[str, Any], now: Mapping[str, Any], before: _Side, after: _Side) -> Iterator[str]:
    old = {(each["in"], each["name"]): each for each in map(before.resolved, was.get("parameters", ()))}
    new = {(each["in"], each["name"]): each for each in map(after.resolved, now.get("parameters", ()))}
    for key, parameter in new.items():
        if parameter.get("required") and not old.get(key, {}).get("required"):
            yield f"the parameter {key[1]} must be given"
    for key, parameter in old.items():
        if key not in new:
            yield f"the parameter {key[1]} is gone"
        else:
            yield from _narrowed(parameter.get("schema", {}), new[key].get("schema", {}), before, after, key[1], 0)


def _bodies(was: Mapping[str, Any], now: Mapping[str, Any], before: _Side, after: _Side) -> Iterator[str]:
    old, new = before.resolved(was.get("requestBody", {})), after.resolved(now.get("requestBody", {}))
    if new.get("required") and not old.get("required"):
        yield "a body must be sent"
    for media, stated in old.get("content", {}).items():
        if media not in new.get("content", {}):
            yield f"a body of {media} is not taken"
        else:
            yield from _narrowed(
                stated.get("schema", {}), new["content"][media].get("schema", {}), before, after, "the body", 0
            )


def _answers(was: Mapping[str, Any], now: Mapping[str, Any], before: _Side, after: _Side) -> Iterator[str]:
    for status, response in was["responses"].items():
        if not status.startswith("2"):
            continue
        if status not in now["responses"]:
            yield f"it no longer answers {status}"
            continue
        new = after.resolved(now["responses"][status]).get("content", {})
        for media, stated in before.resolved(response).get("content", {}).items():
            if media not in new:
                yield f"it no longer answers {media}"
            else:
                yield from _widened(stated.get("schema", {}), new[media].get("schema", {}), before, after, "the answer", 0)


def _narrowed(old: Any, new: Any, before: _Side, after: _Side, where: str, depth: int) -> Iterator[str]:
    """What could be sent and now cannot."""
    if depth > _DEEPEST:
        return
    were, are = before.kinds(old), after.kinds(new)
    for word, was in were.items():
        now = _counterpart(word, are)
        if now is None:
            yield f"{where} may not be {word} any more"
            continue
        if refused := _values(was) - _values(now) if _values(now) else frozenset():
            yield f"{where} may not be {', '.join(sorted(refused))} any more"
        members, present = was.get("properties", {}), now.get("properties", {})
        for name in sorted(set(now.get("required", ())) - set(was.get("required", ()))):
            yield f"{where} must have {name}"
        for name, member in members.items():
            if name in present:
                yield from _narrowed(member, present[name], before, after, f"{where}.{name}", depth + 1)
            elif now.get("additionalProperties", True) is False:
                yield f"{where} may not have {name} any more"
        if "items" in was and "items" in now:
            yield from _narrowed(was["items"], now["items"], before, after, f"{where}[]", depth + 1)


def _widened(old: Any, new: Any, before: _Side, after: _Side, where: str, depth: int) -> Iterator[str]:
    """What is answered and readers do not know, or rely on and is not answered."""
    if depth > _DEEPEST:
        return
    were, are = before.kinds(old), after.kinds(new)
    for word, now in are.items():
        was = _counterpart(word, were)
        if was is None:
            yield f"{where} may be {word}"
            continue
        if unknown := _values(now) - _values(was) if _values(was) else frozenset():
            yield f"{where} may be {', '.join(sorted(unknown))}"
        present, always = now.get("properties", {}), set(now.get("required", ()))
        for name, member in was.get("properties", {}).items():
            if name not in present:
                yield f"{where}.{name} is gone"
                continue
            if name in was.get("required", ()) and name not in always:
                yield f"{where}.{name} is not always there"
            yield from _widened(member, present[name], before, after, f"{where}.{name}", depth + 1)
        if "items" in was and "items" in now:
            yield from _widened(was["items"], now["items"], before, after, f"{where}[]", depth + 1)


def _counterpart(word: str, kinds: Mapping[str, Mapping[str, Any]]) -> Mapping[str, Any] | None:
    """The kind that takes in everything of the kind `word`."""
    wider = (word, "anything", *(["number"] if word == "integer" else []))
    return next((kinds[each] for each in wider if each in kinds), None)


def _values(schema: Mapping[str, Any]) -> frozenset[str]:
    stated = schema.get("enum", [schema["const"]] if "const" in schema else [])
    return frozenset(map(str, stated))


def last_release() -> Path:
    """The directory of the newest release's documents."""
    return max(RELEASED.iterdir(), key=lambda path: tuple(map(int, path.name.split("."))))


def changes() -> list[Change]:
    """Every breaking change since the last release, of all services."""
    found: list[Change] = []
    for service in SERVICES:
        old = json.loads((last_release() / f"{service}.json").read_text(encoding="utf-8"))
        new = json.loads((ROOT / "services" / service / "openapi.json").read_text(encoding="utf-8"))
        found += breaking(old, new)
    return found


def unnamed(found: list[Change], changelog: str) -> list[Change]:
    """Those whose operation the changelog does not name under Unreleased."""
    unreleased = re.search(r"^## Unreleased\n(.*?)(?=^## |\Z)", changelog, re.MULTILINE | re.DOTALL)
    named = set(re.findall(r"`([^`]+)`", unreleased[1] if unreleased else ""))
    return [change for change in found if change.operation not in named]


def main() -> int:
    """Print every breaking change; the exit status says whether the changelog names them all."""
    found = changes()
    for change in found:
        print(change)
    missing = unnamed(found, (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"))
    if missing:
        operations = ", ".join(sorted({f"`{change.operation}`" for change in missing}))
        print(
            f"These break callers of {last_release().name}: name {operations} in CHANGELOG.md under Unreleased.",
            file=sys.stderr,
        )
    return int(bool(missing))


if __name__ == "__main__":
    sys.exit(main())
