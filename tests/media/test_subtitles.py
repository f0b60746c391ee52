import re
import shutil
import subprocess
from fractions import Fraction
from html import unescape
from pathlib import Path

import pysubs2
import pytest
import webvtt
from hypothesis import given, settings
from hypothesis import strategies as st

from media.captions import layout
from media.ffmpeg import binary
from media.subtitles import WORD_JOINER, srt, timecode, vtt

MARKS = (Path(__file__).parent / "data" / "srt-marks.txt").read_text().splitlines()
PROGRAMS = [binary(), *([found] if (found := shutil.which("ffmpeg")) else [])]

LINES = [
    (0.0, Fraction(7, 24), "첫째 줄\n둘째 줄"),
    (Fraction(7, 24), 3600.0005, "a < b & c --> d"),
    (3601.0, 3602.0, "  \n"),
]


def test_srt():
    assert srt(LINES) == (
        "1\n00:00:00,000 --> 00:00:00,292\n첫째 줄\n둘째 줄\n\n2\n00:00:00,292 --> "
        "01:00:00,001\na <\u2060 b & c --\u2060> d\n"
    )


def test_vtt():
    assert vtt(LINES) == (
        "WEBVTT\n\n00:00:00.000 --> 00:00:00.292\n첫째 줄\n둘째 줄\n\n00:00:00.292 --> "
        "01:00:00.001\na &lt; b &amp; c --&gt; d\n"
    )


def test_nothing_said():
    assert srt([]) == ""
    assert srt([(0.0, 1.0, " "), (1.0, 2.0, "x")]).startswith("1\n")
    assert vtt([]) == "WEBVTT\n"


@pytest.mark.parametrize(
    ("seconds", "code"),
    [
        (0, "00:00:00,000"),
        (Fraction(1, 3), "00:00:00,333"),
        (59.9996, "00:01:00,000"),
        (360000, "100:00:00,000"),
    ],
)
def test_timecode(seconds, code):
    assert timecode(seconds, ",") == code


def test_a_blank_line_cannot_end_a_caption_early():
    assert srt([(0.0, 1.0, "one\n\ntwo")]).splitlines()[2:] == ["one", "two"]


def seconds(lines):
    return [(float(number), number + 0.9, line) for number, line in enumerate(lines)]


def plain(text):
    """Without what is never seen, and braces of full width as what they stand for."""
    return text.replace(WORD_JOINER, "").translate(str.maketrans("｛｝", "{}"))


def shown_by_ffmpeg(program, path):
    """What a player built on ffmpeg and libass shows: override blocks are hidden."""
    output = subprocess.run(
        [program, "-v", "error", "-i", path, "-f", "ass", "-"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    lines = [line.split(",", 9)[9] for line in output.splitlines() if line.startswith("Dialogue:")]
    return [re.sub(r"\{[^}]*\}", "", line) for line in lines]


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda path: Path(path).parent.name)
def test_players_on_ffmpeg_show_all_the_words_of_srt(tmp_path, program):
    path = tmp_path / "film.srt"
    path.write_text(srt(seconds(MARKS)))
    assert [plain(line) for line in shown_by_ffmpeg(program, path)] == [
        "{웃으며} 그래.",
        "a < b & c > d",
        "{\\an8}위로",
        "<b>굵게</b> 글",
    ]


def test_pysubs2_shows_all_the_words_of_srt(tmp_path):
    events = pysubs2.SSAFile.from_string(srt(seconds(MARKS)))
    assert [plain(event.plaintext) for event in events] == MARKS


def test_webvtt_carries_the_words_as_written(tmp_path):
    path = tmp_path / "film.vtt"
    path.write_text(vtt(seconds(MARKS)))
    assert [unescape(caption.text) for caption in webvtt.read(str(path))] == MARKS


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda path: Path(path).parent.name)
def test_players_on_ffmpeg_show_all_the_words_of_webvtt(tmp_path, program):
    path = tmp_path / "film.vtt"
    path.write_text(vtt(seconds(["a < b & c > d", "<b>굵게</b> 글", "a --> b"])))
    assert shown_by_ffmpeg(program, path) == ["a < b & c > d", "<b>굵게</b> 글", "a --> b"]


WORDS = st.text(
    st.sampled_from("ab가나 <>&{}\\/-—:,.0123글漢ที่ا\U0001f600"), min_size=1, max_size=40
)


@settings(max_examples=150, deadline=None)
@given(st.lists(WORDS, min_size=1, max_size=4))
@pytest.mark.moderate
def test_words_in_are_words_out_of_both_files(lines):
    """Parsed by libraries of others, each caption comes back as it was said."""
    lines = [" ".join(line.split()) for line in lines]
    output = [line for line in lines if line]
    assert [
        plain(event.plaintext)
        for event in pysubs2.SSAFile.from_string(srt(seconds(lines)), format_="srt")
    ] == output
    assert [unescape(caption.text) for caption in webvtt.from_string(vtt(seconds(lines)))] == output


@pytest.mark.moderate
def test_more_text_than_time_keeps_its_words():
    text = (Path(__file__).parent / "data" / "too-much-text.txt").read_text()
    spans = layout(text, size=(1280, 720), frames=168, fps=24)
    rows = [
        (Fraction(span.start_frame, 24), Fraction(span.end_frame, 24), span.text) for span in spans
    ]
    events = pysubs2.SSAFile.from_string(srt(rows))
    assert " ".join(event.plaintext.replace("\n", " ") for event in events).split() == text.split()
