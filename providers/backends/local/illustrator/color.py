"""Colours as red, green and blue light from 0 to 255, and how to mix and adjust them."""

import numpy as np
import numpy.typing as npt

type Color = npt.NDArray[np.float32]


def ink(code: str) -> Color:
    """Return the colour of a hexadecimal code such as `ffcc88`."""
    return np.array([int(code[place : place + 2], 16) for place in (0, 2, 4)], np.float32)


def mix(first: Color, second: Color, share: float) -> Color:
    """Mix `share` of the second colour into the first."""
    return (first + (second - first) * np.float32(share)).astype(np.float32)


def darker(color: Color, share: float) -> Color:
    return (color * np.float32(1 - share)).astype(np.float32)


def lighter(color: Color, share: float) -> Color:
    return mix(color, np.full(3, 255, np.float32), share)


def greyed(color: Color, share: float) -> Color:
    """Return the colour with less saturation; 1 is grey."""
    grey = np.full(3, float(color @ np.array([0.3, 0.59, 0.11], np.float32)), np.float32)
    return mix(color, grey, share)


def turned(color: Color, red: float = 0, green: float = 0, blue: float = 0) -> Color:
    return np.clip(color + np.array([red, green, blue], np.float32), 0, 255).astype(np.float32)
