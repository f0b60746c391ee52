"""Documents made to hurt: each is read or refused in words, with bounded work; and what is written
reads back.
"""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.sentences import parts, sentences
from stories.imports.parsing import parse
from stories.imports.script import Block, BlockKind, Format
from stories.imports.text import as_screenplay, understand

from .made import docx, odt, zipped

ENTITIES = (
    '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">'
    + "".join(
        f'<!ENTITY {b} "{"&" + a + ";" * 1}{("&" + a + ";") * 9}">'
        for a, b in zip("abcdefgh", "bcdefghi", strict=True)
    )
    + "]>"
    "<w:document "
    'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main">'
    "<w:body><w:p><w:r><w:t>&i;</w:t></w:r></w:p></w:body></w:document>"
)
OUTSIDE = (
    '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>'
    "<w:document "
    'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main">'
    "<w:body><w:p><w:r><w:t>&a;</w:t></w:r></w:p></w:body></w:document>"
)
HOSTILE = {
    "zip bomb": (
        "a.docx",
        zipped(**{"word/document.xml": b"<a>" + b" " * (30 * 1024 * 1024) + b"</a>"}),
        "too_large",
    ),
    "many parts": (
        "a.docx",
        zipped(**{f"part{number}": b"" for number in range(2_100)}),
        "too_large",
    ),
    "deep nesting": ("a.docx", docx("<w:p>" * 5_000 + "</w:p>" * 5_000), "broken"),
    "growing entities": ("a.docx", zipped(**{"word/document.xml": ENTITIES}), None),
    "entity from a file": ("a.docx", zipped(**{"word/document.xml": OUTSIDE}), "no_words"),
    "no document": ("a.docx", zipped(mimetype="x"), "broken"),
    "no body": ("a.odt", zipped(**{"content.xml": "<a/>"}), "broken"),
    "cut off": ("a.docx", docx("<w:p/>")[:-40], "broken"),
    "not a screenplay": ("a.fdx", b"<html><body>x</body></html>", "broken"),
    "nested quotes": ("a.md", b"> " * 100_000 + b"x", None),
    "open brackets": ("a.md", b"[" * 60_000 + b"x", None),
    "stars": ("a.md", b"*a " * 40_000, None),
    "open notes": ("a.fountain", b"[[" * 100_000 + b"x", None),
    "open boneyard": ("a.fountain", b"INT. X - DAY\n\n" + b"/*" * 100_000, None),
    "time codes": ("a.srt", b"00:00:00,000 --> 00:00:00,000\n" * 10_000, "no_words"),
    "many spaces": ("a.odt", odt('<text:p>a<text:s text:c="999999999"/>b</text:p>'), None),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_document(name):
    file, data, reason = HOSTILE[name]
    begun = time.process_time()
    answer = parse(file, data)
    assert time.process_time() - begun < 20  # seconds of the processor: the limited process has 30
    if reason is None:
        assert "script" in answer or answer["error"]["reason"] in {
            "too_large",
            "no_words",
            "broken",
        }
    else:
        assert answer["error"]["reason"] == reason
    assert "root:" not in str(answer)


WORDS = (
    st.text(alphabet="가나다라 배abcMINA.!?…,()*_~@#>=[:-1\"'", min_size=1, max_size=40)
    .map(lambda text: " ".join(text.split()))
    .filter(bool)
)


@settings(max_examples=150, deadline=None)
@given(WORDS)
def test_sentences_lose_no_character(text):
    assert "".join("".join(sentences(text)).split()) == "".join(text.split())


@settings(max_examples=100, deadline=None)
@given(st.lists(WORDS, min_size=1, max_size=8), st.integers(1, 12))
def test_parts_lose_no_character(lines, count):
    text = "\n\n".join(lines)
    found = parts(text, count)
    assert len(found) == count
    assert "".join("".join(piece for part in found for piece in part).split()) == "".join(
        text.split()
    )


@settings(max_examples=100, deadline=None)
@given(
    st.lists(
        st.text(alphabet="가나다 배민수abc.!?", min_size=1, max_size=30)
        .map(lambda text: " ".join(text.split()))
        .filter(bool),
        min_size=1,
        max_size=5,
    )
)
def test_what_is_written_as_screenplay_reads_back(texts):
    blocks = [
        Block(BlockKind.HEADING, "INT. HOUSE - DAY"),
        *(Block(BlockKind.ACTION, text) for text in texts),
    ]
    found = understand(as_screenplay(blocks), Format.SCREENPLAY)
    assert list(found.blocks) == blocks
