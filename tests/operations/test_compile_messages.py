"""Translations compile without GNU gettext, into exactly what gettext reads."""

import gettext
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from operations.compile_messages import CatalogError, compile_all, compiled

PO = r"""
msgid ""
msgstr ""
"Content-Type: text/plain; charset=UTF-8\n"
"Plural-Forms: nplurals=2; plural=(n != 1);\n"

#: stories/models/__init__.py:3
msgid "Story"
msgstr "이야기"

msgctxt "transition"
msgid "Archive"
msgstr "보관하기"

msgid "%(count)s scene"
msgid_plural "%(count)s scenes"
msgstr[0] "장면 %(count)s개"
msgstr[1] "장면들 %(count)s개"

msgid ""
"A long line that "
"goes on.\n"
msgstr ""
"길게 \"이어지는\" "
"줄.\n"

#, fuzzy, python-format
msgid "Guess"
msgstr "추측"

msgid "Untranslated"
msgstr ""
#~ msgid "Gone"
#~ msgstr "사라짐"
"""


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "ko" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    file = folder / "django.po"
    file.write_text(PO, encoding="utf-8")
    return file


def test_gettext_reads_what_was_compiled(source: Path, tmp_path: Path) -> None:
    assert compile_all([tmp_path]) == [source.with_suffix(".mo")]
    ko = gettext.translation("django", tmp_path, languages=["ko"])
    assert ko.gettext("Story") == "이야기"
    assert ko.pgettext("transition", "Archive") == "보관하기"
    assert ko.gettext("Archive") == "Archive"
    assert ko.ngettext("%(count)s scene", "%(count)s scenes", 1) == "장면 %(count)s개"
    assert ko.ngettext("%(count)s scene", "%(count)s scenes", 2) == "장면들 %(count)s개"
    assert ko.gettext("A long line that goes on.\n") == '길게 "이어지는" 줄.\n'
    assert ko.gettext("Guess") == "Guess"
    assert ko.gettext("Untranslated") == "Untranslated"
    assert ko.gettext("Gone") == "Gone"


@pytest.mark.skipif(shutil.which("msgfmt") is None, reason="GNU gettext is not installed")
def test_same_messages_as_gnu_gettext(source: Path, tmp_path: Path) -> None:
    theirs = tmp_path / "theirs.mo"
    subprocess.run(["msgfmt", "-o", theirs, source], check=True)
    mine = tmp_path / "mine.mo"
    mine.write_bytes(compiled(source))
    with theirs.open("rb") as one, mine.open("rb") as other:
        ours, gnu = (gettext.GNUTranslations(file)._catalog for file in (other, one))  # type: ignore[attr-defined]
    assert {**ours, "": ""} == {**gnu, "": ""}  # but for the header


def test_compiles_again_only_after_a_change(source: Path, tmp_path: Path) -> None:
    compile_all([tmp_path])
    assert compile_all([tmp_path]) == []
    later = source.with_suffix(".mo").stat().st_mtime + 5
    os.utime(source, (later, later))
    assert compile_all([tmp_path]) == [source.with_suffix(".mo")]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("msgid Story\n", "line 1: missing msgstr"),
        ('"lost"\n', "line 1: Got line starting with"),
        ("msgid 3\n", "line 1: missing msgstr"),
    ],
)
def test_broken_file_is_named_with_its_line(tmp_path: Path, text: str, message: str) -> None:
    source = tmp_path / "django.po"
    source.write_text(text)
    with pytest.raises(CatalogError, match=f"django.po.*{message}"):
        compiled(source)
