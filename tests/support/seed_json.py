"""Builder of data files in the seed's format."""

import json
from collections.abc import Sequence

__all__ = ["seed_json"]


def seed_json(membership: Sequence[Sequence[int]], values: Sequence[Sequence[float]]) -> bytes:
    """A `data.json` with fragments f0, f1, …"""
    return json.dumps(
        {"fragment_comp": {f"f{index}": row for index, row in enumerate(membership)}, "comp_target_interaction": values}
    ).encode()
