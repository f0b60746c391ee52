"""Computes the camera window of each frame with sub-pixel precision."""

from dataclasses import dataclass

ZOOM = 1.14
TRAVEL = 0.12
LINEAR_SHARE = 0.35


@dataclass(frozen=True, slots=True)
class Window:
    """The visible part of a frame in pixels of the covering image: centre and zoom (1 = frame
    size).
    """

    x: float
    y: float
    zoom: float


def smooth(part: float) -> float:
    """Eases in and out without stopping: a film cut on a still image looks like a fault."""
    return LINEAR_SHARE * part + (1 - LINEAR_SHARE) * part * part * (3 - 2 * part)


def _room(extent: float, side: float) -> float:
    """Returns the smallest zoom that leaves TRAVEL of the frame's side for movement along an
    extent.
    """
    return max(1.0, side / (extent - TRAVEL * side))


def path(
    move: str, *, frames: int, size: tuple[int, int], cover: tuple[float, float]
) -> list[Window]:
    """Returns one window for each frame of a camera move.

    `cover` is the size of the image scaled to just cover a frame of `size`. Every window lies
    inside it. Raises ValueError for an unknown move.
    """
    (width, height), (wide, high) = size, cover
    x, y = wide / 2, high / 2
    parts = [smooth(frame / (frames - 1) if frames > 1 else 0.0) for frame in range(frames)]
    match move:
        case "still":
            return [Window(x, y, 1.0)] * frames
        case "push_in":
            return [Window(x, y, ZOOM**part) for part in parts]
        case "pull_out":
            return [Window(x, y, ZOOM ** (1 - part)) for part in parts]
        case "pan_left" | "pan_right":
            step = TRAVEL * width * (-1 if move == "pan_left" else 1)
            zoom = _room(wide, width)
            return [Window(x + step * (part - 0.5), y, zoom) for part in parts]
        case "tilt_up" | "tilt_down":
            step = TRAVEL * height * (-1 if move == "tilt_up" else 1)
            zoom = _room(high, height)
            return [Window(x, y + step * (part - 0.5), zoom) for part in parts]
        case _:
            raise ValueError(f"unknown camera move {move!r}")
