"""Draws of a posterior of the activity model, made up: what a fit of rank 3 might have kept."""

import numpy as np

from trainer.factorization.activity.posterior import Draws

__all__ = ["drawn"]


def drawn(draws: int, *, fragments: int, targets: int, rank: int = 3, seed: int = 0) -> Draws:
    """Draws around one truth, each with covariances and noises of its own; no compounds."""
    generator = np.random.default_rng(seed)
    K = rank + 1

    def around(rows: int) -> np.ndarray:
        truth_RK = generator.standard_normal((rows, K))
        found: np.ndarray = (truth_RK + 0.2 * generator.standard_normal((draws, rows, K))).astype(np.float16)
        return found

    def roots(scale: float) -> np.ndarray:
        found: np.ndarray = np.tril(scale * (np.eye(K) + 0.2 * generator.standard_normal((draws, K, K))))
        return found

    empty = np.zeros((draws, 0, K), dtype=np.float16)
    return Draws(
        U_SCK=empty,
        mean_SCK=empty,
        P_SFK=around(fragments),
        Q_STK=around(targets),
        residual_SKK=roots(0.3),
        fragments_SKK=roots(0.5),
        noise_ST=generator.uniform(2.0, 5.0, (draws, targets)),
        slope_S=np.ones(draws),
    )
