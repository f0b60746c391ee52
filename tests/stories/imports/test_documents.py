"""Documents as people send them, each with what must be read from it."""

import unicodedata
from pathlib import Path

import pytest

from stories.imports.parsing import parse
from stories.imports.reading import ScriptUnreadable, read_script, script_of
from stories.imports.script import BlockKind
from stories.imports.text import understand

DOCUMENTS = Path(__file__).with_name("documents")


def document(name):
    """Read in this process; that the limited process gives the same is a test of its own."""
    return script_of(parse(name, (DOCUMENTS / name).read_bytes()))


@pytest.mark.parametrize("name", ["strict.docx", "utf16-notepad.txt"])
def test_limited_process_gives_the_same(name):
    assert read_script(name, (DOCUMENTS / name).read_bytes()) == document(name)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        # Text boxes, tracked changes, footnotes, tables and ruby as LibreOffice saves them.
        ("textbox-by-libreoffice.docx",
         ("# 1부. 항구\n\n첫 문장이다. 둘째 문장이다.\n셋째 문장이다.\n글상자 자막이다.\n"
          "표의 앞이다.\n칸 하나\n칸 둘\n漢字 끝.")),
        ("textbox.docx", "처음 문장이다.\n본문이다.\n상자 안의 말이다.\n끝 문장이다."),
        ("tracked-move.docx", "가 문장. 나 문장. 옮긴 문장이다. 넣은 말."),
        ("no-break-hyphen.docx", "1\u201124시간, e\u2011mail, 부드러운,  끝\n새 줄 탭"),
        ("strict.docx", "Strict 문서의 문장이다. 배가 떠난다."),
        ("ruby.docx", "港の朝。"),
        ("hidden.docx", "보이는 말. 끝."),
        ("word-online-document2.docx", "본문이 document2.xml에 있다. 배가 떠난다."),
        ("marks.md", "# 1부\n\n배가 떠난다.\n\n각주"),
        ("nfd-title.txt", "바닷가 이야기"),
        ("nfd-script.txt",
         "민수는 등대로 갔다. 바다에 배가 있었다. 별이 떴다. 그는 편지를 읽었다."),
        ("title-page-crlf-ko.fountain", "EXT. 항구 - 낮\n\n배가 떠난다."),
        ("title-page-revision-first.fountain", "EXT. SEA - DAY\n\nThe boat."),
    ],
)  # fmt: skip
def test_text(name, text):
    read = document(name).text
    assert read == text
    assert unicodedata.is_normalized("NFC", read)


@pytest.mark.parametrize(
    ("name", "encoding", "text"),
    [
        (
            "cp1252-apostrophes.txt",
            "cp1252",
            "I don’t know. It’s late and she’s gone. We can’t wait for the captain’s boat.",
        ),
        ("utf16-notepad.txt", "utf-16-le", "첫째 날, 민수는 항구로 갔다. 바람이 불었다."),
        ("gbk.txt", "gb18030", "港口的早晨。船要开了。男孩挥手。"),
    ],
)
def test_encoding(name, encoding, text):
    read = document(name)
    assert (read.encoding, read.text) == (encoding, text)


@pytest.mark.parametrize(
    ("name", "title", "spoken"),
    [
        ("title-page-crlf-ko.fountain", "항구", "배가 떠난다."),
        ("title-page-revision-first.fountain", "X", "The boat."),
        ("marks.fountain", "Marks", "The red boat leaves.\nGo now, please.\nTHE END\nLa la la"),
        ("marks.md", "항구", "배가 떠난다.\n각주"),
        ("pasted-srt.txt", "pasted-srt", "안녕하세요\n반갑습니다"),
    ],
)
def test_title_and_spoken_words(name, title, spoken):
    read = document(name)
    assert (read.title, read.spoken) == (title, spoken)


def test_every_mark_of_fountain_has_its_kind():
    assert [(block.kind, block.text) for block in document("marks.fountain").blocks] == [
        (BlockKind.SECTION, "Act One"),
        (BlockKind.SYNOPSIS, "Mina learns that the harbour will be closed."),
        (BlockKind.HEADING, "EXT. HARBOUR - DAWN"),
        (BlockKind.ACTION, "The red boat leaves."),
        (BlockKind.HEADING, "FLASHBACK"),
        (BlockKind.CUE, "McAvoy"),
        (BlockKind.DIALOGUE, "Go now, please."),
        (BlockKind.ACTION, "THE END"),
        (BlockKind.LYRICS, "La la la"),
    ]


def test_subtitles_keep_their_times():
    assert [
        (block.text, block.start_ms, block.end_ms) for block in document("pasted-srt.txt").blocks
    ] == [
        ("안녕하세요", 1000, 3000),
        ("반갑습니다", 3500, 5000),
    ]


@pytest.mark.parametrize(
    ("name", "language"),
    [
        ("nfd-script.txt", "ko"),
        ("cp1252-apostrophes.txt", "en"),
        ("ruby.docx", "ja"),
        ("gbk.txt", "zh"),
        ("latin-after-period.txt", "ko"),
    ],
)
def test_language(name, language):
    assert document(name).language == language


@pytest.mark.parametrize(
    ("name", "data", "reason"),
    [
        ("a.txt", b" \n\t\r\n ", "no_words"),
        ("a.txt", b"", "no_words"),
        ("a.txt", "…!? — ♪".encode(), "no_words"),
        ("a.md", b"<!-- nothing -->\n\n```\ncode\n```\n", "no_words"),
        (
            "a.fountain",
            b"Title: X\nAuthor: Y\n\nINT. HOUSE - DAY\n\n[[a note]]\n\nCUT TO:\n",
            "no_words",
        ),
        ("a.srt", b"1\n00:00:01,000 --> 00:00:02,000\n\n", "no_words"),
        ("a.txt", b"\xff\xff\xff", "encoding"),
        ("a.docx", b"no archive", "broken"),
        ("a.docx", b"PK\x03\x04 not an archive", "broken"),
        ("a.pdf", b"no PDF", "broken"),
        ("a.doc", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "old_office"),
        ("a.hwp", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "old_office"),
        ("a.docx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "encrypted"),
        ("a.png", b"\x89PNG\r\n", "kind"),
        ("a", b"text", "kind"),
        ("a.txt", b"x" * (2 * 1024 * 1024 + 1), "too_large"),
    ],
)
def test_a_file_without_readable_words_is_an_error(name, data, reason):
    with pytest.raises(ScriptUnreadable) as caught:
        script_of(parse(name, data))
    assert caught.value.reason == reason


def test_korean_names_that_look_like_endings_are_cues():
    """할아버지, 남자 and 김군 by their meaning, 소라 because it stands so twice; 가자 is what
    somebody says.
    """
    rows = [
        "S#1. 등대 - 밤",
        "할아버지\n어서 오너라.",
        "소라\n저 왔어요.",
        "남자\n누구냐?",
        "김군\n접니다.",
        "소라\n가요.",
        "가자\n모두 뛴다.",
    ]
    found = understand("\n\n".join(rows)).blocks
    assert [block.text for block in found if block.kind == BlockKind.CUE] == [
        "할아버지",
        "소라",
        "남자",
        "김군",
        "소라",
    ]
    assert [block.text for block in found if block.kind == BlockKind.ACTION] == ["가자\n모두 뛴다."]
