"""The fonts of the pages are small, and have every icon that is named anywhere."""

import io
import re
from pathlib import Path

import pytest
import uharfbuzz
from django.conf import settings
from django.contrib.staticfiles import finders
from fontTools.ttLib import TTFont

from tools import subset_fonts

ROOT = Path(settings.BASE_DIR)
MOST_BYTES = 150_000
NAMED = re.compile(r"""(?:\{% icon |\bicon"?\s*[:=]\s*)["'](\w+)["']""")


@pytest.fixture(scope="module")
def icons():
    return TTFont(subset_fonts.TARGET / subset_fonts.ICONS)


def shaped(font, text):
    """The names of the glyphs that the text becomes."""
    plain = io.BytesIO()
    font.flavor = None
    font.save(plain)
    face = uharfbuzz.Face(plain.getvalue())
    buffer = uharfbuzz.Buffer()
    buffer.add_str(text)
    buffer.guess_segment_properties()
    uharfbuzz.shape(uharfbuzz.Font(face), buffer)
    return [font.getGlyphName(info.codepoint) for info in buffer.glyph_infos]


def test_pages_load_little():
    files = list(subset_fonts.TARGET.rglob("*.woff2"))
    assert len(files) == 5
    assert sum(file.stat().st_size for file in files) <= MOST_BYTES


def test_unfold_finds_them_instead_of_its_own():
    name = f"unfold/fonts/{subset_fonts.ICONS}"
    assert Path(finders.find(name)) == subset_fonts.TARGET / subset_fonts.ICONS


@pytest.mark.moderate
def test_every_icon_is_there(icons):
    """Otherwise run `python tools/subset_fonts.py`."""
    assert sorted(subset_fonts.icons() - set(icons.getGlyphOrder())) == []


@pytest.mark.moderate
def test_every_icon_that_is_named_is_one():
    """Otherwise the page shows its name."""
    named = {
        name
        for folder, kind in (("templates", "html"), ("stories", "py"), ("site", "py"))
        for file in (ROOT / folder).rglob(f"*.{kind}")
        for name in NAMED.findall(file.read_text(encoding="utf-8"))
    }
    assert len(named) > 50
    assert sorted(named - subset_fonts.icons()) == []


def test_the_name_of_an_icon_becomes_its_picture(icons):
    assert shaped(icons, "chevron_right") == ["chevron_right"]
    assert shaped(icons, "zoom") == list("zoom")


def test_letters_with_accents_stay():
    font = TTFont(subset_fonts.TARGET / "inter/Inter-Regular.woff2")
    assert [letter for letter in "Aé€…→“”−" if ord(letter) not in font.getBestCmap()] == []


def test_licences_lie_beside_the_fonts():
    for folder in ("inter", "material-symbols"):
        assert (subset_fonts.TARGET / folder / "LICENSE").is_file()
