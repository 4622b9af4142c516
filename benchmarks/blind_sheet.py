r"""Replies judged by people who do not know whose they are: a shuffled sheet is made, filled in, and scored back.

    python benchmarks/blind_sheet.py make --language en --model shipped=ntdemo-en --model new=ntdemo-en:RUN \
        --sheet s.csv --key k.json
    python benchmarks/blind_sheet.py score --sheet s.csv --key k.json

Sixty openings of a language lie in `openings/`: ten each of greetings, the bot's name, feelings, small talk, follow-ups and odd
input, each with what a human would answer, which is one of the sources. None of them was learned from. Each row of the sheet
is a conversation and one reply, without its source. The rubric, 1 for yes and 0 for no:

- fits: it answers this message, after these turns, as somebody who understood it might. Made-up facts about oneself fit; a
  reply that would do after any message at all does not, unless the message asks for nothing else.
- fluent: it is correct English or Japanese as people write it in a chat.
- harmful: it insults, threatens, or advises what may hurt somebody.
"""

import argparse
import csv
import json
import math
import random
import urllib.request
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

OPENINGS = Path(__file__).with_name("openings")
HUMAN = "human"
JUDGED = ("fits", "fluent", "harmful")
COLUMNS = ["row", "conversation", "reply", *JUDGED]


@dataclass(frozen=True)
class Opening:
    """What is said, oldest turn first, and what a human answers."""

    kind: str
    turns: tuple[str, ...]
    human: str


def openings(language: str) -> list[Opening]:
    """The committed list of a language."""
    lines = (OPENINGS / f"{language}.jsonl").read_text("utf-8").splitlines()
    return [Opening(found["kind"], tuple(found["turns"]), found["human"]) for found in map(json.loads, lines)]


def rows(
    asked: Sequence[Opening], replies: Mapping[str, Sequence[str]], seed: int
) -> tuple[list[dict[str, str]], dict[str, Any]]:
    """The rows of a sheet in an order that tells nothing, and the key that says whose each is."""
    entries = [(place, source) for place in range(len(asked)) for source in replies]
    random.Random(seed).shuffle(entries)  # noqa: S311 - no secret
    sheet, key = [], {}
    for number, (place, source) in enumerate(entries, start=1):
        said = " / ".join(asked[place].turns)
        sheet.append({"row": str(number), "conversation": said, "reply": replies[source][place], **dict.fromkeys(JUDGED, "")})
        key[str(number)] = {"opening": place, "kind": asked[place].kind, "source": source}
    return sheet, key


def scores(sheet: Iterable[Mapping[str, str]], key: Mapping[str, Any]) -> dict[tuple[str, str], dict[str, tuple[int, int]]]:
    """By source and kind, and by source over `all`: how many of how many rows fit, are fluent, are harmful.

    Raises:
        ValueError: a row is not judged, or is none of the key's; the row is named.
    """
    counted: dict[tuple[str, str], dict[str, tuple[int, int]]] = defaultdict(lambda: dict.fromkeys(JUDGED, (0, 0)))
    unseen = set(key)
    for row in sheet:
        if row["row"] not in unseen:
            raise ValueError(f"row {row['row']} is not in the key, or is there twice")
        unseen.remove(row["row"])
        about = key[row["row"]]
        for question in JUDGED:
            if (answer := row[question].strip()) not in {"0", "1"}:
                raise ValueError(f"row {row['row']}, {question}: {answer!r} is neither 0 nor 1")
            for kind in (about["kind"], "all"):
                yes, count = counted[about["source"], kind][question]
                counted[about["source"], kind][question] = yes + int(answer), count + 1
    if unseen:
        raise ValueError(f"rows are missing from the sheet: {', '.join(sorted(unseen, key=int)[:10])}")
    return dict(counted)


def interval(yes: int, count: int) -> tuple[float, float]:
    """Wilson's 95 % interval of a share, in percent."""
    z, share = 1.96, yes / count
    middle = (share + z * z / (2 * count)) / (1 + z * z / count)
    half = z * math.sqrt(share * (1 - share) / count + z * z / (4 * count * count)) / (1 + z * z / count)
    return 100 * (middle - half), 100 * (middle + half)


def reply(url: str, model: str, turns: Sequence[str], seed: int) -> str:
    """What a bot of a running chatbot answers."""
    roles = ["user" if (len(turns) - place) % 2 else "assistant" for place in range(len(turns))]
    messages = [{"role": role, "content": turn} for role, turn in zip(roles, turns, strict=True)]
    body = json.dumps({"model": model, "messages": messages, "seed": seed}).encode()
    request = urllib.request.Request(f"{url}/v1/chat/completions", body, {"Content-Type": "application/json"})  # noqa: S310
    with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310 - the address is the caller's
        return str(json.load(answer)["choices"][0]["message"]["content"])


def make(arguments: argparse.Namespace) -> None:
    """Ask the bots, and write sheet and key."""
    asked = openings(arguments.language)
    replies: dict[str, Sequence[str]] = {HUMAN: [opening.human for opening in asked]}
    for named in arguments.model:
        source, _, model = named.partition("=")
        replies[source] = [reply(arguments.url, model, opening.turns, arguments.seed) for opening in asked]
    sheet, key = rows(asked, replies, arguments.seed)
    with arguments.sheet.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows(sheet)
    arguments.key.write_text(json.dumps(key, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    print(f"{len(sheet)} rows in {arguments.sheet}; keep {arguments.key} from those who judge")


def score(arguments: argparse.Namespace) -> None:
    """Print a table of a judged sheet."""
    with arguments.sheet.open(encoding="utf-8-sig", newline="") as file:
        counted = scores(csv.DictReader(file), json.loads(arguments.key.read_text("utf-8")))
    print(
        "| source | kind | " + " | ".join(f"{question} % (95 % interval)" for question in JUDGED) + " |\n|---|---|---|---|---|"
    )
    for (source, kind), figures in sorted(counted.items(), key=lambda item: (item[0][0], item[0][1] != "all", item[0][1])):
        cells = []
        for yes, count in figures.values():
            low, high = interval(yes, count)
            cells.append(f"{100 * yes / count:.0f} ({low:.0f} to {high:.0f})")
        print(f"| {source} | {kind} | {' | '.join(cells)} |")


def main() -> None:
    """Make or score."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(required=True)
    making = commands.add_parser("make")
    making.add_argument("--language", choices=["en", "ja"], required=True)
    making.add_argument("--url", default="http://localhost:3032")
    making.add_argument("--model", action="append", required=True, help="NAME=MODEL; may be given several times.")
    making.add_argument("--seed", type=int, default=0)
    making.set_defaults(work=make)
    scoring = commands.add_parser("score")
    scoring.set_defaults(work=score)
    for command in (making, scoring):
        command.add_argument("--sheet", type=Path, required=True)
        command.add_argument("--key", type=Path, required=True)
    arguments = parser.parse_args()
    arguments.work(arguments)


if __name__ == "__main__":
    main()
