"""A network that learns: its loss, optimizer and averaged weights, and how all of it is stored and continued."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.nn.parallel import DistributedDataParallel
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from trainer.dialogue.distributed import Ranks
from trainer.dialogue.encoding import Batch
from trainer.dialogue.networks.network import PAD, DialogueNetwork
from trainer.dialogue.spec import Recipe

__all__ = ["Learner"]


class Learner:
    """One process's part of a training; `learn` is one step of the optimizer."""

    def __init__(self, network: DialogueNetwork, recipe: Recipe, device: torch.device, group: Ranks) -> None:
        self.network = network.to(device)
        self._average = AveragedModel(network, multi_avg_fn=_moving_average(recipe.average))
        self._optimizer = _optimizer(network, recipe.weight_decay)
        loss = _Loss(network, recipe.label_smoothing)
        self._loss: nn.Module = DistributedDataParallel(loss) if group.world > 1 else loss
        self._clip = recipe.clip
        self._device = device
        self._group = group
        self._bf16 = has_bf16(device)
        self._dropouts = [layer for layer in network.modules() if isinstance(layer, nn.Dropout)]

    @property
    def average(self) -> DialogueNetwork:
        """The network with averaged weights, in evaluation mode."""
        averaged = self._average.module
        assert isinstance(averaged, DialogueNetwork)  # noqa: S101 - a copy of `network`
        return averaged.eval()

    def learn(self, batch: Batch, *, learning_rate: float, dropout: float) -> tuple[Tensor, int]:
        """Nats of this process's target tokens (on the device, not waited for), and the tokens of all processes."""
        for parameters in self._optimizer.param_groups:
            parameters["lr"] = learning_rate
        for layer in self._dropouts:
            layer.p = dropout
        tokens = int(self._group.total(int((batch.target_BT != PAD).sum()), self._device))
        context_BS, reply_BT, target_BT = (
            torch.from_numpy(rows).to(self._device, non_blocking=True)
            for rows in (batch.context_BS, batch.reply_BT, batch.target_BT)
        )
        with _attention(self._device):
            with torch.autocast(self._device.type, torch.bfloat16, enabled=self._bf16):
                loss, nats = self._loss(context_BS, reply_BT, target_BT)
            # DistributedDataParallel takes the mean over processes; what counts is the mean over the tokens of all of them.
            (loss * (self._group.world / tokens)).backward()
        nn.utils.clip_grad_norm_(self.network.parameters(), self._clip)
        self._optimizer.step()
        self._optimizer.zero_grad()
        self._average.update_parameters(self.network)
        return nats, tokens

    def state(self) -> dict[str, Any]:
        """Everything the next step depends on, of all processes: every process must call this."""
        return {
            "network": self.network.state_dict(),
            "average": self._average.state_dict(),
            "optimizer": self._optimizer.state_dict(),
            "generators": self._group.gathered(_generator(self._device)),
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Continue from what `state` gave."""
        self.network.load_state_dict(state["network"])
        self._average.load_state_dict(state["average"])
        self._optimizer.load_state_dict(state["optimizer"])
        generator: Tensor = state["generators"][self._group.rank]
        if self._device.type == "cuda":
            torch.cuda.set_rng_state(generator, self._device)
        else:
            torch.set_rng_state(generator)


class _Loss(nn.Module):
    """Label-smoothed cross entropy and its plain nats, both summed over the target tokens."""

    def __init__(self, network: DialogueNetwork, smoothing: float) -> None:
        super().__init__()
        self.network = network
        self._smoothing = smoothing

    def forward(
        self, context_BS: Int[Tensor, "B S"], reply_BT: Int[Tensor, "B T"], target_BT: Int[Tensor, "B T"]
    ) -> tuple[Float[Tensor, ""], Float[Tensor, ""]]:
        hidden_BTD = self.network(context_BS, reply_BT)
        keep_N = target_BT.flatten().nonzero().squeeze(1)
        target_N = target_BT.flatten()[keep_N]
        log_p_NV = self.network.logits(hidden_BTD.flatten(0, 1)[keep_N]).float().log_softmax(-1)
        nats = -log_p_NV.gather(1, target_N.unsqueeze(1)).sum()
        if self._smoothing == 0:
            return nats, nats.detach()
        return (1 - self._smoothing) * nats - self._smoothing * log_p_NV.mean(-1).sum(), nats.detach()


def _moving_average(decay: float) -> Callable[[Sequence[Tensor], Sequence[Tensor], Tensor | int], None]:
    """An exponential average that forgets its first steps sooner, so that short trainings are averaged as well."""

    def update(averaged: Sequence[Tensor], current: Sequence[Tensor], steps: Tensor | int) -> None:
        now = min(decay, (1 + int(steps)) / (10 + int(steps)))
        average: Callable[..., None] = get_ema_multi_avg_fn(now)  # type: ignore[no-untyped-call]  # torch leaves it bare
        average(averaged, current, steps)

    return update


def _attention(device: torch.device) -> AbstractContextManager[None]:
    """On a CPU, products and softmax in turn: the fused kernel's backward pass takes longer where sequences are short."""
    return sdpa_kernel(SDPBackend.MATH) if device.type == "cpu" else nullcontext()


def has_bf16(device: torch.device) -> bool:
    """Whether the hardware multiplies bfloat16 matrices itself."""
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    capabilities = torch.cpu.get_capabilities()
    return bool(capabilities.get("amx_bf16") or capabilities.get("avx512_bf16"))


def _optimizer(network: nn.Module, weight_decay: float) -> torch.optim.AdamW:
    """Decay for the matrices of layers; none for tables of vectors, norms and biases."""
    decayed, others = list[nn.Parameter](), list[nn.Parameter]()
    for name, parameter in network.named_parameters():
        is_layer = parameter.ndim > 1 and "." in name
        (decayed if is_layer else others).append(parameter)
    groups = [{"params": decayed, "weight_decay": weight_decay}, {"params": others, "weight_decay": 0.0}]
    return torch.optim.AdamW(groups, betas=(0.9, 0.98), eps=1e-9, fused=True)


def _generator(device: torch.device) -> Tensor:
    return torch.cuda.get_rng_state(device) if device.type == "cuda" else torch.get_rng_state()
