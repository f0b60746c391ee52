"""People: a few clear shapes, seen from behind or the side, in the same clothes in every scene."""

from dataclasses import dataclass

from providers.backends.local.illustrator.canvas import Grad, Pen
from providers.backends.local.illustrator.color import Color, darker, ink, lighter, mix
from providers.backends.local.illustrator.dice import Dice
from providers.backends.local.illustrator.stage import Shot

HEIGHT = {
    "girl": 0.76,
    "boy": 0.76,
    "child": 0.68,
    "woman": 0.98,
    "man": 1.05,
    "old_man": 0.98,
    "old_woman": 0.92,
    "person": 1.0,
}
COATS = (
    "e9b23c",
    "d4503f",
    "3f79b0",
    "3f8f78",
    "8a5a9a",
    "e07a4a",
    "5a6fae",
    "c9657f",
    "4a9aa8",
    "d99a3a",
)
HAIR = {"old_man": "d9d6d0", "old_woman": "cfcac6"}
SKIN = "e8b894"


@dataclass(frozen=True)
class Look:
    """How a person is drawn.

    Colours are already adjusted to the light of the image; measures are for a person of height 1.
    """

    kind: str
    coat: Color
    legs: Color
    hair: Color
    skin: Color
    shoes: Color
    skirt: bool
    long_hair: bool
    head: float


def look(shot: Shot, kind: str, *, color: str = "", hair: str = "", number: int = 0) -> Look:
    """Return the look of a person.

    The same person always wears the same clothes; a colour named in the prompt is the coat's.
    """
    wardrobe = Dice("wardrobe", kind, number)
    coat = ink(color or wardrobe.pick(COATS))
    female = kind in {"girl", "woman", "old_woman"} or (
        kind in {"child", "person"} and wardrobe.chance(0.5)
    )
    return Look(
        kind=kind,
        coat=_shown(shot, coat),
        legs=shot.lit(wardrobe.pick(("3b4660", "4a4a55", "5a4a44", "37505a"))),
        hair=shot.lit(
            hair or HAIR.get(kind, wardrobe.pick(("2f2622", "3f2d24", "57382a", "26242c")))
        ),
        skin=_shown(shot, ink(SKIN)),
        shoes=shot.lit("33302f"),
        skirt=female and wardrobe.chance(0.65),
        long_hair=female and kind != "old_woman",
        head=0.19 if kind in {"girl", "boy", "child"} else 0.15,
    )


def _shown(shot: Shot, color: Color) -> Color:
    """Return a colour slightly brighter than the light allows, so that people stand out."""
    return mix(shot.palette.lit(color), color, 0.3 if shot.palette.dark else 0.12)


def person(
    shot: Shot,
    who: Look,
    x: float,
    y: float,
    tall: float,
    *,
    posture: str = "stand",
    facing: int = 1,
    holds: str = "",
    seat: float = 0.0,
) -> None:
    """Draw someone standing at (x, y); `tall` is the height of an adult there.

    Postures: stand, walk, run, sit, wave, look_up, read, sleep.
    """
    high = tall * HEIGHT.get(who.kind, 1.0)
    pen = Pen(shot.canvas, x, y, high, flip=facing < 0)
    shot.canvas.ellipse(
        x, y, high * 0.2, high * 0.032, shot.palette.shade, alpha=0.34, soft=high * 0.012, rough=0
    )
    if posture in {"sit", "sleep"}:
        _sitting(pen, who, seat)
        lift, lean = seat - (0.3 if posture == "sit" else 0.33), 0.0 if posture == "sit" else 0.07
    else:
        _legs(pen, who, posture)
        lift, lean = 0.0, 0.05 if posture == "run" else 0.0
        _torso(pen, who, lean)
    _arms(pen, who, posture, lift, lean, holds)
    _head(pen, who, posture, lift, lean)
    _rim(shot, pen, who, lift)


def _legs(pen: Pen, who: Look, posture: str) -> None:
    stride = {"walk": 0.1, "run": 0.17}.get(posture, 0.0)
    if stride:
        pen.line(
            [(0.0, 0.45), (-stride * 0.5, 0.25), (-stride * 1.15, 0.03 + stride * 0.5)],
            (0.1, 0.06),
            darker(who.legs, 0.2),
        )
        pen.line([(0.0, 0.45), (stride * 0.75, 0.26), (stride, 0.025)], (0.1, 0.062), who.legs)
        pen.line(
            [(-stride * 1.15, 0.03 + stride * 0.5), (-stride * 1.15 + 0.06, 0.02 + stride * 0.38)],
            0.05,
            who.shoes,
        )
        pen.line([(stride, 0.022), (stride + 0.06, 0.022)], 0.05, who.shoes)
        return
    for px in (-0.052, 0.052):
        pen.line(
            [(px, 0.45), (px * 1.1, 0.22), (px * 1.1, 0.03)],
            (0.095, 0.064),
            who.legs if px > 0 else darker(who.legs, 0.12),
        )
        pen.line([(px * 1.1 - 0.012, 0.022), (px * 1.1 + 0.03, 0.022)], 0.046, who.shoes)


def _torso(pen: Pen, who: Look, lean: float) -> None:
    fill = Grad(lighter(who.coat, 0.08), darker(who.coat, 0.16))
    hem = 0.26 if who.skirt else 0.36
    half = 0.17 if who.skirt else 0.125
    shoulder = 0.8 - who.head * 0.1
    outline = [
        (-half, hem),
        (-0.115, 0.52),
        (-0.13 + lean, shoulder - 0.05),
        (-0.075 + lean, shoulder),
        (0.075 + lean, shoulder),
        (0.13 + lean, shoulder - 0.05),
        (0.115, 0.52),
        (half, hem),
        (0, hem - 0.018),
    ]
    pen.poly(outline, fill)
    pen.poly(
        [
            (0.03, hem),
            (0.05 + lean, shoulder),
            (0.13 + lean, shoulder - 0.05),
            (0.115, 0.52),
            (half, hem),
        ],
        darker(who.coat, 0.22),
        alpha=0.35,
    )


def _sitting(pen: Pen, who: Look, seat: float) -> None:
    """Draw a sitting posture, on the ground (`seat` 0) or on a seat of that height.

    The legs go forward, then down.
    """
    fill = Grad(lighter(who.coat, 0.08), darker(who.coat, 0.16))
    knee = (0.2, seat + 0.1) if seat else (0.26, 0.14)
    pen.line([(-0.02, seat + 0.08), (0.12, seat + 0.11), knee], (0.13, 0.1), who.legs)
    pen.line(
        [knee, (knee[0] + 0.02, knee[1] * 0.5), (knee[0] + 0.03, 0.025)],
        (0.09, 0.06),
        darker(who.legs, 0.1),
    )
    pen.line([(knee[0] + 0.03, 0.022), (knee[0] + 0.09, 0.022)], 0.046, who.shoes)
    back = [
        (-0.15, 0.02),
        (-0.14, 0.26),
        (-0.115, 0.44),
        (-0.06, 0.5),
        (0.06, 0.5),
        (0.11, 0.44),
        (0.12, 0.22),
        (0.13, 0.05),
        (0.0, 0.0),
    ]
    pen.poly([(px, py + seat) for px, py in back], fill)


def stool(shot: Shot, x: float, y: float, tall: float, seat: float) -> None:
    """Draw a seat, `seat` of a person's height high."""
    wood = shot.lit("8a5f44")
    pen = Pen(shot.canvas, x, y, tall)
    for px in (-0.11, 0.11):
        pen.line([(px * 0.8, seat), (px, 0.0)], 0.028, darker(wood, 0.3))
    pen.rect(-0.15, seat - 0.03, 0.15, seat + 0.015, Grad(lighter(wood, 0.14), darker(wood, 0.1)))


def _arms(pen: Pen, who: Look, posture: str, lift: float, lean: float, holds: str) -> None:
    shoulder = 0.745 + lift - who.head * 0.1
    sleeve, dark = darker(who.coat, 0.06), darker(who.coat, 0.26)

    def arm(points: list[tuple[float, float]], color: Color) -> None:
        pen.line([(px + lean, py) for px, py in points], (0.078, 0.056), color)
        pen.circle(points[-1][0] + lean, points[-1][1], 0.03, who.skin)

    if posture == "wave":
        arm([(-0.1, shoulder), (-0.19, shoulder + 0.1), (-0.2, shoulder + 0.24)], dark)
        arm([(0.1, shoulder), (0.2, shoulder + 0.11), (0.23, shoulder + 0.26)], sleeve)
    elif posture == "read":
        arm([(-0.1, shoulder), (-0.12, shoulder - 0.14), (0.03, shoulder - 0.17)], dark)
        arm([(0.1, shoulder), (0.14, shoulder - 0.15), (0.17, shoulder - 0.16)], sleeve)
        pen.poly(
            [
                (0.02, shoulder - 0.18),
                (0.12, shoulder - 0.2),
                (0.22, shoulder - 0.17),
                (0.22, shoulder - 0.05),
                (0.12, shoulder - 0.09),
                (0.02, shoulder - 0.07),
            ],
            ink("f6efe0"),
        )
    elif posture in {"walk", "run"}:
        swing = 0.11 if posture == "walk" else 0.17
        arm(
            [
                (-0.08, shoulder),
                (-0.12 - swing * 0.4, shoulder - 0.15),
                (-0.1 - swing, shoulder - 0.27 + swing * 0.5),
            ],
            dark,
        )
        if not holds:
            arm(
                [
                    (0.08, shoulder),
                    (0.12, shoulder - 0.15),
                    (0.1 + swing, shoulder - 0.25 + swing * 0.6),
                ],
                sleeve,
            )
    else:
        arm([(-0.11, shoulder), (-0.145, shoulder - 0.16), (-0.14, shoulder - 0.32)], dark)
        if not holds:
            arm([(0.11, shoulder), (0.145, shoulder - 0.16), (0.14, shoulder - 0.32)], sleeve)
    if holds and posture not in {"wave", "read"}:
        raised = 0.16 if holds == "high" else -0.08
        arm([(0.1, shoulder), (0.19, shoulder - 0.06), (0.24, shoulder + raised)], sleeve)


def hand(
    who: Look,
    x: float,
    y: float,
    tall: float,
    *,
    posture: str,
    facing: int,
    high: bool,
    seat: float = 0.0,
) -> tuple[float, float]:
    """Return the position of the hand that holds something."""
    size = tall * HEIGHT.get(who.kind, 1.0)
    lift = seat - 0.3 if posture in {"sit", "sleep"} else 0.0
    shoulder = 0.745 + lift - who.head * 0.1
    lean = 0.05 if posture == "run" else 0.0
    return x + facing * (0.24 + lean) * size, y - (shoulder + (0.16 if high else -0.08)) * size


def _head(pen: Pen, who: Look, posture: str, lift: float, lean: float) -> None:
    radius = who.head / 2
    cy = 0.81 + lift + radius - who.head * 0.1
    cx = lean * 1.3 + (0.02 if posture in {"walk", "run", "read", "look_up"} else 0.0)
    pen.rect(cx - 0.032, cy - radius * 1.35, cx + 0.032, cy - radius * 0.5, darker(who.skin, 0.14))
    if who.long_hair:
        pen.blob(
            [
                (cx - radius * 1.05, cy + radius * 0.4),
                (cx - radius * 1.25, cy - radius * 1.1),
                (cx - radius * 0.9, cy - radius * 2.1),
                (cx + radius * 0.5, cy - radius * 2.0),
                (cx + radius * 0.7, cy),
                (cx, cy + radius),
            ],
            darker(who.hair, 0.12),
        )
    pen.ellipse(cx + radius * 0.12, cy, radius * 0.94, radius, who.skin)
    tilt = radius * (0.22 if posture == "look_up" else 0.0)
    pen.blob([
        (cx + radius * 0.75, cy + radius * 0.62),
        (cx + radius * 0.1, cy + radius * 1.25),
        (cx - radius * 0.95, cy + radius * 0.95),
        (cx - radius * 1.25, cy - radius * 0.05 - tilt),
        (cx - radius * 0.95, cy - radius * 0.95 - tilt),
        (cx - radius * 0.1, cy - radius * 0.75 - tilt),
        (cx + radius * 0.05, cy + radius * 0.25),
        (cx + radius * 0.5, cy + radius * 0.45),
    ], Grad(lighter(who.hair, 0.14), who.hair))  # fmt: skip
    if who.kind == "old_woman":
        pen.circle(cx - radius * 0.75, cy + radius * 0.95, radius * 0.5, who.hair)
    if who.kind in {"old_man", "man"} and who.kind == "old_man":
        pen.blob(
            [
                (cx + radius * 0.95, cy - radius * 0.1),
                (cx + radius * 0.95, cy - radius * 0.9),
                (cx + radius * 0.3, cy - radius * 1.25),
                (cx, cy - radius * 0.7),
                (cx + radius * 0.5, cy - radius * 0.4),
            ],
            who.hair,
        )
    scarf = mix(who.coat, ink("f6efe0"), 0.62)
    pen.line(
        [
            (cx - radius * 0.85, cy - radius * 1.12),
            (cx, cy - radius * 1.25),
            (cx + radius * 0.85, cy - radius * 1.08),
        ],
        0.05,
        scarf,
    )


def _rim(shot: Shot, pen: Pen, who: Look, lift: float) -> None:
    """Draw a rim of sky light along the side it comes from."""
    side = shot.side * pen.sign
    light = lighter(mix(shot.palette.sun, shot.palette.sky[-1], 0.4), 0.2)
    shoulder = 0.75 + lift - who.head * 0.1
    low = 0.4 + lift
    pen.line(
        [
            (0.118 * side, low),
            (0.124 * side, (low + shoulder) / 2),
            (0.122 * side, shoulder - 0.02),
        ],
        0.008,
        light,
        alpha=0.3,
    )


def crowd(
    shot: Shot, dice: Dice, y: float, tall: float, *, count: int, left: float, right: float
) -> None:
    """Draw distant people as simple shapes, some of a child's height."""
    for number in range(count):
        x = left + (right - left) * (number + dice.between(0.1, 0.9)) / count
        kind = dice.pick(("woman", "man", "person", "child"))
        who = look(shot, kind, number=dice.count(1, 30))
        person(
            shot,
            who,
            x,
            y + dice.between(-0.04, 0.04) * tall,
            tall * dice.between(0.9, 1.05),
            posture=dice.pick(("stand", "walk", "walk")),
            facing=dice.side(),
        )
