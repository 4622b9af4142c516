"""Writes the catalogues of the pages' languages: `make translations`.

`ja.po` gets the messages that the code has now: new ones empty, for people to translate; those that the code has no longer go.
`ja.mo`, which `viz.language` reads, is compiled from it.
"""

import io
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

__all__ = ["CATALOGUES", "catalogue", "compiled", "extracted", "updated"]

_VIZ: Final = Path(__file__).parents[1] / "services" / "viz" / "src" / "viz"
CATALOGUES: Final = tuple(sorted((_VIZ / "translations").glob("*.po")))
_HEADER: Final = """# What the pages of viz say in the language `{language}`: docs/guides/languages.md tells how it is changed.
msgid ""
msgstr ""
"Language: {language}\\n"
"Plural-Forms: {plurals}\\n"
"Content-Type: text/plain; charset=utf-8\\n"

"""
_NEVER: Final = datetime(1970, 1, 1, tzinfo=UTC)
"""What is compiled states when, so that it would be another file each time."""


def extracted() -> Catalog:
    """Every message of the code, with the module that says it."""
    found = Catalog(charset="utf-8")
    for path, _line, message, _comments, context in extract_from_dir(_VIZ, [("**.py", "python")]):
        found.add(message, locations=[(path, 0)], context=context)
    return found


def catalogue(path: Path) -> Catalog:
    """What stands in a catalogue."""
    with path.open("rb") as file:
        return read_po(file, locale=path.stem)


def updated(path: Path) -> bytes:
    """A catalogue with the messages that the code has now."""
    now, fresh = catalogue(path), Catalog(locale=path.stem)
    for message in extracted():
        if message.id:
            known = now.get(message.id, message.context)
            said = "" if known is None or known.fuzzy else known.string
            fresh.add(message.id, said, locations=sorted(set(message.locations)), context=message.context)
    written = io.BytesIO()
    write_po(written, fresh, width=0, include_lineno=False, sort_by_file=True, omit_header=True)
    return _HEADER.format(language=path.stem, plurals=fresh.plural_forms).encode() + written.getvalue()


def compiled(path: Path) -> bytes:
    """A catalogue as `gettext` reads it."""
    written, said = io.BytesIO(), catalogue(path)
    said.creation_date = said.revision_date = _NEVER
    write_mo(written, said)
    return written.getvalue()


def main() -> int:
    """Write all of them, and say what is to be translated yet."""
    missing = 0
    for path in CATALOGUES:
        path.write_bytes(updated(path))
        path.with_suffix(".mo").write_bytes(compiled(path))
        empty = [message.id for message in catalogue(path) if message.id and not all(_strings(message.string))]
        print(f"{path.name}: {len(empty)} messages to translate", *empty, sep="\n  ")
        missing += len(empty)
    return 1 if missing else 0


def _strings(said: str | tuple[str, ...] | list[str] | None) -> tuple[str, ...]:
    return (said or "",) if said is None or isinstance(said, str) else tuple(said)


if __name__ == "__main__":
    sys.exit(main())
