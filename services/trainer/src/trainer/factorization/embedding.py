"""The embedding: a place for every group, so that the distance of two tells what is expected of a replacement.

    expected change^2 = least^2 + |place - place|^2

Places are linear in what the groups are and look like, fitted to the prior on pairs of comparable groups. They find the
nearest of very many groups, and are what views show.
"""

from typing import Final

import numpy as np
import numpy.typing as npt
import torch

from replacement.features import Descriptions
from trainer.factorization.threads import one_thread

__all__ = ["DIMENSIONS", "embedded"]

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]

DIMENSIONS: Final = 24
_STEPS: Final = 400
_BATCH: Final = 2048
_RATE: Final = 0.01
_DECAY: Final = 1e-4


def embedded(descriptions: Descriptions, first_N: Ints, second_N: Ints, change_N: npt.NDArray[np.float64]) -> Floats:
    """Places of all groups, G x 24, from what is expected of some pairs of them. The same in every process."""
    inputs_GD = _inputs(descriptions)
    if not len(first_N):
        return np.zeros((len(inputs_GD), DIMENSIONS), dtype=np.float32)
    generator = torch.Generator().manual_seed(0)
    with one_thread():
        inputs, change = torch.from_numpy(inputs_GD), torch.from_numpy(change_N.astype(np.float32))
        weight = (torch.randn(inputs_GD.shape[1], DIMENSIONS, generator=generator) * 0.01).requires_grad_()
        least = torch.tensor(float(np.quantile(change_N, 0.01)) * 0.8 + 1e-3, requires_grad=True)
        optimizer = torch.optim.Adam(
            [{"params": [weight], "weight_decay": _DECAY}, {"params": [least], "weight_decay": 0.0}], lr=_RATE
        )
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, _STEPS)
        pairs = torch.from_numpy(np.stack([first_N, second_N]))
        for _ in range(_STEPS):
            batch = torch.randint(len(first_N), (_BATCH,), generator=generator)
            apart = (inputs[pairs[0, batch]] - inputs[pairs[1, batch]]) @ weight
            said = (least.square() + apart.square().sum(1)).sqrt()
            loss = (said - change[batch]).square().mean()
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]  # torch's own
            optimizer.step()
            schedule.step()
        places: Floats = (inputs @ weight.detach()).numpy()
    return places


def _inputs(descriptions: Descriptions) -> Floats:
    """Numbers in units of their spread, and bits."""
    numbers_GD = descriptions.numbers_FD
    spread_D = numbers_GD.std(axis=0)
    scaled_GD = (numbers_GD - numbers_GD.mean(axis=0)) / np.where(spread_D > 0, spread_D, 1.0)
    words = descriptions.bits_FKW.reshape(len(descriptions), -1)
    bits_GB = np.unpackbits(np.ascontiguousarray(words).view(np.uint8), axis=1, bitorder="little").astype(np.float32)
    return np.concatenate([scaled_GD, bits_GB[:, bits_GB.any(axis=0)] * 0.3], axis=1, dtype=np.float32)
