"""A manifest states what an artifact's files are, and refuses names that lead out of their directory."""

from typing import Any

import pytest
from pydantic import ValidationError

from contracts.manifest import Manifest

_FILE = {"name": "factors.onnx", "media_type": "application/octet-stream", "size_bytes": 3, "sha256": "0" * 64}


def _manifest(**changes: Any) -> dict[str, Any]:
    stated = {"artifact": "factors", "version": "run-1", "run": "run-1", "kind": "factors", "description": ""}
    return stated | {"created": "2026-11-23T22:30:00Z", "files": [_FILE]} | changes


def test_a_manifest_is_read_back_as_it_was_written() -> None:
    manifest = Manifest.model_validate(_manifest())
    assert Manifest.model_validate_json(manifest.model_dump_json()) == manifest


@pytest.mark.parametrize(
    "changes",
    [
        {"artifact": "../factors"},
        {"files": [_FILE | {"name": "../../etc/passwd"}]},
        {"files": [_FILE | {"name": ".hidden"}]},
        {"files": [_FILE | {"name": "a/b"}]},
        {"files": [_FILE | {"name": ""}]},
        {"files": [_FILE | {"sha256": "abc"}]},
        {"files": [_FILE | {"size_bytes": -1}]},
        {"owner": "unknown"},
    ],
)
def test_a_manifest_that_cannot_be_true_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Manifest.model_validate(_manifest(**changes))
