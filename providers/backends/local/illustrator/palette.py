"""Light and colours of an image, chosen by time of day, weather and mood, varied by the seed."""

from dataclasses import dataclass, replace

import numpy as np

from providers.backends.local.illustrator.color import Color, darker, greyed, ink, mix
from providers.backends.local.illustrator.dice import Dice


@dataclass(frozen=True)
class Palette:
    """The colours of an image.

    `sky` goes from top to horizon; `haze` is the distant air; `tint` is the light on everything;
    `key` is the colour that unifies the image.
    """

    hour: str
    sky: tuple[Color, ...]
    haze: Color
    tint: Color
    key: Color
    sun: Color
    lamp: Color
    accent: Color
    accent_2: Color
    glow: float

    @property
    def dark(self) -> bool:
        """Whether it is dark, so that lamps and windows are lit."""
        return self.hour in {"night", "dusk", "storm"}

    def lit(self, color: Color, depth: float = 0.0) -> Color:
        """Return a daylight colour in this image's light, `depth` from near (0) to the haze (1)."""
        shone = np.clip(color * self.tint, 0, 255).astype(np.float32)
        return mix(mix(shone, self.key, 0.16), self.haze, min(0.92, depth))

    def lit_hex(self, code: str, depth: float = 0.0) -> Color:
        return self.lit(ink(code), depth)

    @property
    def shade(self) -> Color:
        """Return the darkest colour of the image, for nearby silhouettes."""
        return darker(mix(self.key, self.sky[0], 0.5), 0.72)


def _palette(
    hour: str,
    sky: str,
    haze: str,
    tint: tuple[float, float, float],
    key: str,
    sun: str,
    glow: float,
) -> Palette:
    return Palette(
        hour=hour,
        sky=tuple(ink(code) for code in sky.split()),
        haze=ink(haze),
        tint=np.array(tint, np.float32),
        key=ink(key),
        sun=ink(sun),
        lamp=ink("ffd589"),
        accent=ink("e2533f"),
        accent_2=ink("f3b93c"),
        glow=glow,
    )


HOURS: dict[str, tuple[Palette, ...]] = {
    "dawn": (
        _palette("dawn", "6f9cc4 b9c3d4 f5cdb4 ffe9c9", "fbdcc2",
                 (1.02, 0.92, 0.88), "d49a8f", "fff0c4", 0.85),
        _palette("dawn", "8a8cc8 cfaed0 f4c1c0 ffe2be", "f3cfc6",
                 (1.0, 0.9, 0.94), "b98bad", "fff1d2", 0.85),
        _palette("dawn", "5fa3b5 a8cdc4 f1dfbc ffe4b0", "f4e3c4",
                 (1.02, 0.97, 0.88), "c7a873", "fff6d0", 0.85),
    ),
    "day": (
        _palette("day", "3387cf 6fb7e6 b5dff1 eaf6ee", "cfe8ee",
                 (1.0, 1.0, 0.98), "5f9fb8", "fffbe2", 0.55),
        _palette("day", "3f9fb4 83c9c9 c9e6d2 fbf3d3", "dcebd6",
                 (1.03, 1.0, 0.9), "6fa58c", "fffbdc", 0.6),
        _palette("day", "4c8fd6 8dbcec cfe3f2 fdf0dc", "dfe6ea",
                 (1.02, 0.99, 0.94), "8a9bc0", "fff9dc", 0.6),
        _palette("day", "2f78b8 5ba8cf a9d8da f6e9c0", "d3e5d2",
                 (1.05, 1.0, 0.88), "c69a5c", "fff6cf", 0.6),
    ),
    "dusk": (
        _palette("dusk", "37397c 8a4a8a e2686d ff9f5c ffd98a", "f2a07a",
                 (0.98, 0.7, 0.64), "8a3f6b", "fff0b0", 1.0),
        _palette("dusk", "274a80 6d6aa6 d08a9a f7a878 ffd7a0", "eeb08f",
                 (0.98, 0.76, 0.72), "6b4f86", "fff2c4", 1.0),
        _palette("dusk", "4f2a62 b03f66 f0604a ff9a48 ffd56f", "f0895a",
                 (1.02, 0.66, 0.54), "7a2f4a", "fff0a4", 1.0),
        _palette("dusk", "1f5a78 5f8f94 d9a877 f6b35c ffdf94", "ecbe88",
                 (1.0, 0.8, 0.62), "8a6242", "fff5c0", 1.0),
    ),
    "night": (
        _palette("night", "0a1338 16275c 294a86 4f77ac", "36598f",
                 (0.44, 0.52, 0.78), "1a2c63", "f6f2dc", 0.7),
        _palette("night", "100f30 261e5a 4a3786 7d5f9f", "55459a",
                 (0.5, 0.47, 0.76), "2b2163", "fbf0dd", 0.7),
        _palette("night", "051c2e 0b3a4f 1a6673 4f9a95", "2c747f",
                 (0.42, 0.57, 0.7), "0d3a4c", "f4f5dd", 0.7),
    ),
    "storm": (
        _palette("storm", "2a3340 47535f 6f7c83 9aa39f", "7f8b90",
                 (0.6, 0.66, 0.72), "3a4854", "e4e6dc", 0.3),
        _palette("storm", "252b42 3f4a66 65748a 95a0a6", "76849a",
                 (0.58, 0.63, 0.76), "333f5c", "e2e4e4", 0.3),
    ),
    "grey": (
        _palette("grey", "7f93a6 a3b3bf c4cdd0 dedfd8", "c3ccd0",
                 (0.84, 0.87, 0.9), "7388a0", "fbfbf4", 0.4),
        _palette("grey", "6f8a94 97abad bfcac3 dcdccb", "bfcac6",
                 (0.85, 0.88, 0.86), "6f8f8c", "fbfbee", 0.4),
    ),
    "snow": (
        _palette("snow", "8fabc8 b5c9dc d8e2ea f1f3f2", "dfe8ee",
                 (0.93, 0.96, 1.02), "8fa9c8", "fffdf2", 0.5),
        _palette("snow", "9aa6cc bfc6de e2dfe9 f8efe9", "e6e4ec",
                 (0.97, 0.95, 1.02), "a39cc2", "fff8ee", 0.5),
    ),
    "space": (
        _palette("space", "05060f 0b0d26 151440 251d57", "241f57",
                 (0.62, 0.62, 0.82), "1b1a4a", "fff3d0", 0.9),
        _palette("space", "04070d 071824 0c2f3f 164f5c", "174a58",
                 (0.6, 0.68, 0.76), "0c2b3a", "fff3d0", 0.9),
        _palette("space", "0a0412 1e0a2c 3c1442 6a2350", "521d4c",
                 (0.7, 0.58, 0.74), "3a1140", "fff0d8", 0.9),
    ),
    "deep": (
        _palette("deep", "5fd0d8 2ba3bd 127099 0a4473", "2b93b0",
                 (0.55, 0.8, 0.9), "0c5f86", "e9fff6", 0.6),
        _palette("deep", "4aa7d6 2272b8 16478f 0c2a66", "2a73b4",
                 (0.55, 0.7, 0.95), "153f86", "e6fbff", 0.6),
    ),
    "indoors": (
        _palette("indoors", "8fc4df b9dbe6 e1edea f6f1df", "e2ddd0",
                 (1.0, 0.97, 0.92), "b58a66", "fff6d8", 0.5),
    ),
}  # fmt: skip

ACCENTS = (
    "e2533f f3b93c",
    "f0b429 d9483b",
    "ef6f53 3fa7a0",
    "f6c445 3c7fb8",
    "e8697c f5d06a",
    "3fb0a3 f08a4b",
    "f2784b 5a6fc0",
    "ffcb47 e45a84",
)


def palette(hour: str, moods: tuple[str, ...], dice: Dice) -> Palette:
    """Return a palette for this time of day and these moods, with a pair of matching accents."""
    chosen = dice.pick(HOURS[hour])
    accent, accent_2 = dice.pick(ACCENTS).split()
    chosen = replace(chosen, accent=ink(accent), accent_2=ink(accent_2))
    for mood in moods[:2]:
        chosen = _bent(chosen, mood)
    return chosen


def _bent(chosen: Palette, mood: str) -> Palette:
    """Return the palette adjusted to a mood."""
    bends = {
        "warm": ("ffb066", 0.1, 0.0, (1.05, 1.0, 0.92)),
        "joy": ("ffd05a", 0.06, -0.12, (1.05, 1.03, 0.98)),
        "sad": ("5f7fa8", 0.14, 0.28, (0.9, 0.95, 1.04)),
        "mystery": ("5a4fb0", 0.14, -0.05, (0.92, 0.92, 1.08)),
        "fear": ("3a1f38", 0.24, 0.15, (0.86, 0.8, 0.86)),
        "calm": ("9fc4c4", 0.06, 0.06, (0.98, 1.0, 1.0)),
    }
    code, share, grey, tint = bends[mood]

    def bend(color: Color) -> Color:
        return np.clip(greyed(mix(color, ink(code), share), grey), 0, 255).astype(np.float32)

    return replace(
        chosen,
        sky=tuple(bend(color) for color in chosen.sky),
        haze=bend(chosen.haze),
        key=bend(chosen.key),
        tint=(chosen.tint * np.array(tint, np.float32)).astype(np.float32),
    )
