"""The colours: readable, and apart for colour-blind eyes."""

import numpy as np
import pytest

from viz.palette import PALETTES, Palette, Scheme

_SCHEMES = list(PALETTES)
# Viénot, Brettel & Mollon 1999: linear RGB as a protanope and a deuteranope see it.
_BLIND = {
    "protan": np.array([[0.11238, 0.88762, 0.0], [0.11238, 0.88762, 0.0], [0.00401, -0.00401, 1.0]]),
    "deutan": np.array([[0.29275, 0.70725, 0.0], [0.29275, 0.70725, 0.0], [-0.02234, 0.02234, 1.0]]),
}


def _linear(colour: str) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    channels = np.array([int(colour[at : at + 2], 16) for at in (1, 3, 5)]) / 255
    return np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)


def _luminance(colour: str) -> float:
    return float(_linear(colour) @ [0.2126, 0.7152, 0.0722])


def _contrast(one: str, other: str) -> float:
    dark, light = sorted((_luminance(one), _luminance(other)))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("scheme", _SCHEMES)
def test_text_is_readable_on_the_page(scheme: Scheme) -> None:
    palette = PALETTES[scheme]
    assert _contrast(palette.text, palette.surface) >= 7
    assert _contrast(palette.muted, palette.surface) >= 4.5
    for mark in (palette.accent, palette.point):
        assert _contrast(mark, palette.surface) >= 4.5


@pytest.mark.parametrize("scheme", _SCHEMES)
def test_lightness_moves_away_from_the_neutral_middle_on_both_arms(scheme: Scheme) -> None:
    stops = [_luminance(colour) for colour in PALETTES[scheme].diverging]
    middle = len(stops) // 2
    rising = -1 if scheme == "light" else 1
    for arm in (stops[middle:], stops[middle::-1]):
        assert all(rising * step > 0 for step in np.diff(arm))


@pytest.mark.parametrize("scheme", _SCHEMES)
@pytest.mark.parametrize("eye", _BLIND)
def test_alike_and_opposite_stay_apart_for_colour_blind_eyes(scheme: Scheme, eye: str) -> None:
    stops = PALETTES[scheme].diverging
    for step in range(1, len(stops) // 2 + 1):
        opposite, alike = (_BLIND[eye] @ _linear(stops[len(stops) // 2 + side * step]) for side in (-1, 1))
        blueness = [colour[2] - (colour[0] + colour[1]) / 2 for colour in (opposite, alike)]
        assert blueness[0] < 0 < blueness[1]


def test_the_colour_scale_spans_all_of_it() -> None:
    palette: Palette = PALETTES["light"]
    assert palette.colorscale[0] == (0.0, palette.diverging[0])
    assert palette.colorscale[-1] == (1.0, palette.diverging[-1])
    assert palette.colorscale[len(palette.diverging) // 2][0] == 0.5
