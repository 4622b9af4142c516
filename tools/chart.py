"""`make chart`: the chart's README.md and values.schema.json, from the comments of its values.yaml.

A value's comment stands above it; a line `@schema {…}` in it adds to its JSON schema what the default does not say. A map with
entries takes no others, so that a typo is refused; an empty one takes any. `--check` compares instead of writing.
"""

import json
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

ROOT: Final = Path(__file__).parent.parent
CHART: Final = ROOT / "deploy" / "helm" / "ntdemo"
KINDS: Final = {bool: "boolean", int: "integer", float: "number", str: "string", list: "array", dict: "object"}
MARK: Final = "@schema"


@dataclass(frozen=True)
class Value:
    """A line of values.yaml."""

    path: tuple[str, ...]
    default: Any
    text: str
    """What its comment says."""
    schema: Mapping[str, Any]
    """What its comment adds to its schema."""


def values_of(text: str) -> list[Value]:
    """The values of a values.yaml, in its order; raises ValueError where one has no comment."""
    lines = text.splitlines()

    def walk(node: yaml.MappingNode, path: tuple[str, ...]) -> Iterator[Value]:
        for key, value in node.value:
            at = (*path, key.value)
            comment = _comment(lines, key.start_mark.line)
            words = [line for line in comment if not line.startswith(MARK)]
            if not words:
                raise ValueError(f"{'.'.join(at)} has no comment")
            added = [json.loads(line.removeprefix(MARK)) for line in comment if line.startswith(MARK)]
            default = yaml.safe_load(yaml.serialize(value))
            yield Value(at, default, " ".join(words), {key: item for part in added for key, item in part.items()})
            if isinstance(value, yaml.MappingNode) and not value.flow_style:
                yield from walk(value, at)

    root = yaml.compose(text)
    if not isinstance(root, yaml.MappingNode):
        raise TypeError("values.yaml is no map")
    return list(walk(root, ()))


def schema_of(values: list[Value]) -> dict[str, Any]:
    """The JSON schema of the values."""
    root: dict[str, Any] = {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "Values of the chart ntdemo",
        "type": "object",
        "properties": {"global": {"type": "object", "description": "Helm's, for charts that hold this one."}},
        "additionalProperties": False,
    }
    for value in values:
        parent = root
        for name in value.path[:-1]:
            parent = parent["properties"][name]
        said: dict[str, Any] = {"description": value.text, "type": KINDS[type(value.default)]}
        if isinstance(value.default, dict):
            said["properties"] = {}
            said["additionalProperties"] = not value.default
        else:
            said["default"] = value.default
        parent["properties"][value.path[-1]] = {**said, **value.schema}
    return root


def readme_of(values: list[Value], chart: Mapping[str, Any]) -> str:
    """The chart's README."""
    rows = []
    for value in values:
        if isinstance(value.default, dict) and value.default:
            if len(value.path) == 1:
                rows += ["", f"### {value.path[0]}", "", value.text, "", "| value | default | what it does |", "|---|---|---|"]
            if any(other.path[:-1] == value.path for other in values):
                continue
        choices = f" One of {', '.join(f'`{choice}`' for choice in value.schema['enum'])}." if "enum" in value.schema else ""
        name, default = ".".join(value.path), json.dumps(value.default, ensure_ascii=False)
        rows.append(f"| `{name}` | `{default}` | {value.text}{choices} |".replace("`|`", "`\\|`"))
    examples = [f"- `examples/{path.name}`: {_first_comment(path)}" for path in sorted((CHART / "examples").glob("*.yaml"))]
    return "\n".join(
        [
            "<!-- Written by `make chart` (tools/chart.py) from values.yaml; edit that instead. -->",
            f"# {chart['name']} {chart['version']}",
            "",
            chart["description"],
            "",
            f"Kubernetes {chart['kubeVersion'].removesuffix('-0')}, Helm 4. How to install, upgrade and back up:",
            "[docs/guides/deploy-cluster.md](../../../docs/guides/deploy-cluster.md).",
            "",
            "```",
            "helm install ntdemo deploy/helm/ntdemo --values deploy/helm/ntdemo/examples/laptop.yaml",
            "helm test ntdemo",
            "```",
            "",
            "## Examples",
            "",
            *examples,
            "",
            "## Values",
            *rows,
            "",
        ]
    )


def written() -> dict[Path, str]:
    """The generated files with what they should hold."""
    values = values_of((CHART / "values.yaml").read_text(encoding="utf-8"))
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text(encoding="utf-8"))
    schema = json.dumps(schema_of(values), indent=2, ensure_ascii=False) + "\n"
    return {CHART / "values.schema.json": schema, CHART / "README.md": readme_of(values, chart)}


def main(arguments: list[str]) -> int:
    """Write the generated files, or name those that differ; the exit status."""
    stale = [path for path, text in written().items() if not path.exists() or path.read_text(encoding="utf-8") != text]
    for path in stale:
        if "--check" in arguments:
            print(f"{path.relative_to(ROOT)} is not what values.yaml says: run `make chart`")
        else:
            path.write_text(written()[path], encoding="utf-8")
    return int(bool(stale) and "--check" in arguments)


def _comment(lines: list[str], line: int) -> list[str]:
    """The comment lines right above a line."""
    found: list[str] = []
    while line and lines[line - 1].lstrip().startswith("#"):
        line -= 1
        found.insert(0, lines[line].lstrip().removeprefix("#").strip())
    return found


def _first_comment(path: Path) -> str:
    lines = path.read_text(encoding="utf-8").splitlines()
    comment = []
    for line in lines:
        if not line.startswith("#"):
            break
        comment.append(line.removeprefix("#").strip())
    return " ".join(comment)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
