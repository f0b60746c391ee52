from fractions import Fraction

import pytest

from providers.media.subtitles import srt, timecode, vtt

LINES = [(0.0, Fraction(7, 24), "첫째 줄\n둘째 줄"), (Fraction(7, 24), 3600.0005, "a < b & c --> d"), (3601.0, 3602.0, "  \n")]


def test_srt():
    assert srt(LINES) == "1\n00:00:00,000 --> 00:00:00,292\n첫째 줄\n둘째 줄\n\n2\n00:00:00,292 --> 01:00:00,001\na < b & c → d\n"


def test_vtt():
    assert vtt(LINES) == "WEBVTT\n\n00:00:00.000 --> 00:00:00.292\n첫째 줄\n둘째 줄\n\n00:00:00.292 --> 01:00:00.001\na &lt; b &amp; c → d\n"


def test_nothing_said():
    assert srt([]) == ""
    assert srt([(0.0, 1.0, " "), (1.0, 2.0, "x")]).startswith("1\n")
    assert vtt([]) == "WEBVTT\n"


@pytest.mark.parametrize(("seconds", "code"), [(0, "00:00:00,000"), (Fraction(1, 3), "00:00:00,333"), (59.9996, "00:01:00,000"), (360000, "100:00:00,000")])
def test_timecode(seconds, code):
    assert timecode(seconds, ",") == code


def test_a_blank_line_cannot_end_a_caption_early():
    assert srt([(0.0, 1.0, "one\n\ntwo")]).splitlines()[2:] == ["one", "two"]
