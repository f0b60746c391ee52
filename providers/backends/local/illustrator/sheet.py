"""Draws a character of the cast alone, on a plain ground."""

import io

from PIL import Image

from providers.backends.local.illustrator import figures, sky
from providers.backends.local.illustrator.canvas import Canvas
from providers.backends.local.illustrator.dice import Dice
from providers.backends.local.illustrator.palette import palette
from providers.backends.local.illustrator.stage import Figure, Shot
from providers.backends.local.illustrator.weather import finish
from providers.backends.local.illustrator.words import read

# Where the coat is, in parts of the picture. `cast_looks` looks there for its colour.
COAT = (0.5, 0.56)


def draw_sheet(figure: Figure, *, size: tuple[int, int]) -> bytes:
    """Return a PNG of the character standing in the middle. The same arguments, the same bytes."""
    dice = Dice("sheet", figure.kind, figure.coat, figure.hair)
    shot = Shot(
        Canvas(size, dice), palette("day", (), dice.apart("palette")), read(""), dice, side=1
    )
    shot.horizon = shot.h
    sky.gradient(shot.canvas, shot.palette, shot.horizon)
    who = figures.look(shot, figure.kind, color=figure.coat, hair=figure.hair)
    tall = shot.h * 0.84 / figures.HEIGHT.get(figure.kind, 1.0)
    figures.person(shot, who, shot.w / 2, shot.h * 0.92, tall)
    out = io.BytesIO()
    Image.fromarray(finish(shot, dice.apart("grain"))).save(out, "PNG", compress_level=3)
    return out.getvalue()
