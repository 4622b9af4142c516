"""`ntdemo-train devices`: what a fit can run on."""

import json
from dataclasses import asdict
from typing import Annotated

import typer

__all__ = ["devices"]


def devices(
    *,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON array, and nothing else, to standard output.")
    ] = False,
) -> None:
    """List what a fit can run on."""
    from trainer.device import devices as list_devices  # noqa: PLC0415 - asks torch, which takes seconds to load

    present = list_devices()
    if as_json:
        typer.echo(json.dumps([asdict(device) for device in present]))
    else:
        for device in present:
            typer.echo(f"{device.name:<8}{device.model}, {device.memory_bytes / 2**30:.0f} GiB")
