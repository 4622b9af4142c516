"""The processes of one training: one alone, or those that torchrun started."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor, distributed

__all__ = ["Ranks", "ranks"]


@dataclass(frozen=True)
class Ranks:
    """This process among `world`; with one process every method is the identity."""

    rank: int = 0
    world: int = 1

    @property
    def leads(self) -> bool:
        """Whether this process reports and writes."""
        return self.rank == 0

    def total(self, number: float, device: torch.device) -> float:
        """Sum over all processes."""
        if self.world == 1:
            return number
        tensor = torch.tensor([number], dtype=torch.float64, device=device)
        distributed.all_reduce(tensor)
        return float(tensor)

    def led(self, number: float, device: torch.device) -> float:
        """The leading process's number: clocks and stop signals must not differ."""
        return self.total(number if self.leads else 0.0, device)

    def gathered(self, state: Tensor) -> list[Tensor]:
        """Every process's tensor, in order of rank."""
        if self.world == 1:
            return [state]
        states: list[Tensor | None] = [None] * self.world
        distributed.all_gather_object(states, state)
        return [found for found in states if found is not None]


@contextmanager
def ranks(device: torch.device) -> Iterator[tuple[Ranks, torch.device]]:
    """The processes and this one's device, with torch's process group around them when torchrun started us."""
    if not distributed.is_torchelastic_launched():
        yield Ranks(), device
        return
    if device.type == "cuda":
        device = torch.device("cuda", distributed.get_node_local_rank())
        torch.cuda.set_device(device)
    distributed.init_process_group("nccl" if device.type == "cuda" else "gloo")
    try:
        yield Ranks(distributed.get_rank(), distributed.get_world_size()), device
    finally:
        distributed.destroy_process_group()
