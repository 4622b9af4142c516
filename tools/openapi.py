"""Writes `services/<service>/openapi.json` for every service that has an application.

The document depends on the code alone: settings are made in an empty environment, and applications touch nothing when they are
assembled. `--check` compares instead of writing and names the files that differ; names of services limit it to these.
"""

import importlib
import json
import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[1]
APPLICATIONS = {"trainer": "trainer.api.app", "scores-api": "scores_api.app", "viz": "viz.app", "chatbot": "chatbot.app"}
"""The module of each service that has its `create_app`."""


def documents(services: Iterable[str] = tuple(APPLICATIONS)) -> dict[Path, str]:
    """The text of each service's document by the path it belongs to."""
    found = {}
    for service in services:
        text = document(service)
        if text is not None:
            found[ROOT / "services" / service / "openapi.json"] = text
    return found


def document(service: str) -> str | None:
    """The document of a service, None for viz, whose pages are no API."""
    module = APPLICATIONS[service]
    with _empty_environment():
        settings = importlib.import_module(f"{module.split('.', maxsplit=1)[0]}.settings").Settings()
        app = importlib.import_module(module).create_app(settings)
    if not hasattr(app, "openapi"):
        return None
    return json.dumps(app.openapi(), indent=2, ensure_ascii=False) + "\n"


@contextmanager
def _empty_environment() -> Iterator[None]:
    kept = dict(os.environ)
    os.environ.clear()
    try:
        yield
    finally:
        os.environ.update(kept)


def main(arguments: list[str]) -> int:
    """Write or check; the exit status."""
    fresh = documents([name for name in arguments if not name.startswith("-")] or APPLICATIONS)
    stale = [path for path, text in fresh.items() if not path.exists() or path.read_text(encoding="utf-8") != text]
    for path in stale:
        if "--check" in arguments:
            print(f"{path.relative_to(ROOT)} is not what the code describes: run `make openapi`")
        else:
            path.write_text(fresh[path], encoding="utf-8")
            print(path.relative_to(ROOT))
    return int(bool(stale) and "--check" in arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
