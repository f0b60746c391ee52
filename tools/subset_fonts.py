"""Makes `static/unfold/fonts` of Unfold's fonts, which would be 750 kB on every first visit.

Inter keeps the letters of the languages written in Latin, and Material Symbols the icons that the
studio or Unfold names. The files lie where Unfold's lie and are found before them.

    python tools/subset_fonts.py

Run it after a new icon is named and after Unfold is updated; `tests/operations/test_fonts.py` says
when that is due.
"""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import unfold
from fontTools import subset
from fontTools.ttLib import TTFont

ROOT = Path(__file__).resolve().parents[1]
UNFOLD = Path(unfold.__file__).parent
SOURCE, TARGET = UNFOLD / "static/unfold/fonts", ROOT / "static/unfold/fonts"
ICONS = "material-symbols/Material-Symbols-Outlined.woff2"
WEIGHTS = ("Regular", "Medium", "SemiBold", "Bold")
# Latin with its accents, punctuation, currencies, arrows; other letters come from the system.
LETTERS = (
    *(range(0x20, 0x7F), range(0xA0, 0x180), range(0x218, 0x21C), range(0x2010, 0x2028)),
    *(range(0x2030, 0x203B), range(0x20A0, 0x20C0), range(0x2190, 0x219A), range(0x2212, 0x2213)),
    *(range(0x2248, 0x2249), range(0x2260, 0x2266), range(0x2713, 0x2714), range(0x2122, 0x2123)),
)
FEATURES = ("kern", "liga", "calt", "ccmp", "locl", "mark", "mkmk", "tnum", "case")
WORD = re.compile(r"[a-z][a-z0-9_]+")


def sources() -> Iterator[Path]:
    """Files in which an icon may be named."""
    for folder in ("templates", "static", "stories", "jobs", "providers", "site"):
        for kind in ("html", "js", "py"):
            yield from (ROOT / folder).rglob(f"*.{kind}")
    for kind in ("html", "py"):
        yield from UNFOLD.rglob(f"*.{kind}")
    yield UNFOLD / "static/unfold/js/app.js"


def icons() -> set[str]:
    """The words in the sources that are names of icons: at least all icons that are shown."""
    words: set[str] = set()
    for file in sources():
        words.update(WORD.findall(file.read_text(encoding="utf-8")))
    return words & set(TTFont(SOURCE / ICONS).getGlyphOrder())


def write(name: str, *, glyphs: set[str], letters: tuple[range, ...], closure: bool) -> None:
    """Write the font with these glyphs and letters; without closure, ligatures only of them."""
    options = subset.Options(
        flavor="woff2",
        layout_features=[*FEATURES, "rlig"],
        layout_closure=closure,
        glyph_names=not closure,
        hinting=False,
        notdef_outline=True,
        drop_tables=["FFTM", "DSIG"],
    )
    font = subset.load_font(str(SOURCE / name), options)
    maker = subset.Subsetter(options)
    maker.populate(glyphs=glyphs, unicodes={code for part in letters for code in part})
    maker.subset(font)
    (TARGET / name).parent.mkdir(parents=True, exist_ok=True)
    subset.save_font(font, str(TARGET / name), options)


def main() -> None:
    write(ICONS, glyphs=icons(), letters=(range(0x5F, 0x7B), range(0x30, 0x3A)), closure=False)
    for weight in WEIGHTS:
        write(f"inter/Inter-{weight}.woff2", glyphs=set(), letters=LETTERS, closure=True)
    for folder in ("inter", "material-symbols"):
        shutil.copyfile(SOURCE / folder / "LICENSE", TARGET / folder / "LICENSE")


if __name__ == "__main__":
    main()
