"""Scripts with structure become scenes: headings cut, names and marks are never narrated."""

from pathlib import Path

import pytest

from providers.backends.local.planner import plan
from stories.imports.parsing import parse
from stories.models import Story
from stories.services.lines import Spoken
from stories.services.planning import plan_request, scene_count
from stories.services.script_passages import lines_of, spoken_lines

DOCUMENTS = Path(__file__).parents[1] / "imports" / "documents"

KOREAN = """제목: 카페의 오후
작가: 홍길동

S#1. 카페 안 (낮)
민수가 앉아 있다.
민수: (웃으며) 오랜만이다.
지영\t그러게. 잘 지냈어?

씬 2. 한강 공원 - 밤

지영
(속삭이며)
여기 기억나?

바람이 분다.

컷 투

INT./EXT. 자동차 안/밖 – 새벽 #3A#

MARA (V.O.)
It was *here* at dusk.
"""
ENGLISH = """INT. HARBOUR OFFICE - NIGHT

The keeper counts the lamps. One is missing.

MARA
It was here at dusk.

CUT TO:

EXT. BREAKWATER - NIGHT

[[check the tide]]

She runs into the rain.
"""


def scenes_of(script, *, seconds, language="ko"):
    story = Story(title="x", script=script, language=language, duration_seconds=seconds)
    return plan(plan_request(story))


def read(name):
    return parse(name, (DOCUMENTS / name).read_bytes())["script"]["text"]


def test_korean_screenplay():
    assert [(scene["title"], scene["narration"]) for scene in scenes_of(KOREAN, seconds=28)] == [
        ("카페 안, 낮", "민수가 앉아 있다."),
        ("오랜만이다", "오랜만이다. 그러게. 잘 지냈어?"),
        ("한강 공원, 밤", "여기 기억나? 바람이 분다."),
        ("자동차 안/밖, 새벽", "It was here at dusk."),
    ]


def test_english_screenplay():
    scenes = scenes_of(ENGLISH, seconds=21, language="en")
    assert [(scene["title"], scene["narration"], scene["prompt"]) for scene in scenes] == [
        ("Harbour office, Night", "The keeper counts the lamps. One is missing.",
         "The keeper counts the lamps. One is missing, Harbour office, Night"),
        ("It was here at dusk", "It was here at dusk.",
         "It was here at dusk, Harbour office, Night, keeper"),
        ("Breakwater, Night", "She runs into the rain.",
         "She runs into the rain, Breakwater, Night, keeper"),
    ]  # fmt: skip


def test_more_headings_than_scenes_share_one():
    scenes = scenes_of(ENGLISH, seconds=7, language="en")
    assert [(scene["title"], scene["narration"]) for scene in scenes] == [
        (
            "Harbour office, breakwater, Night",
            (
                "The keeper counts the lamps. One is missing. It was here at dusk. She runs "
                "into the rain."
            ),
        ),
    ]


def test_who_speaks_is_kept_with_the_narration():
    narrations = [scene["narration"] for scene in scenes_of(ENGLISH, seconds=21, language="en")]
    assert lines_of(spoken_lines(ENGLISH), narrations) == [
        [Spoken("The keeper counts the lamps. One is missing.")],
        [Spoken("It was here at dusk.", "MARA")],
        [Spoken("She runs into the rain.")],
    ]
    assert lines_of(spoken_lines(ENGLISH), ["Other words.", " "]) == [[Spoken("Other words.")], []]


def test_subtitles_go_to_the_scenes_of_their_time():
    script = (
        "1\n00:00:01,000 --> 00:00:03,000\n하나\n\n2\n00:00:12,000 --> "
        "00:00:13,000\n둘\n\n3\n00:00:15,000 --> 00:00:20,000\n<i>셋</i>\n"
    )
    scenes = scenes_of(script, seconds=21)
    assert [scene["narration"] for scene in scenes] == ["하나", "둘", "셋"]
    assert [scene["narration"] for scene in scenes_of(script, seconds=7)] == ["하나 둘 셋"]


@pytest.mark.parametrize(
    ("name", "seconds", "narrations"),
    [
        ("title-page-crlf-ko.fountain", 7, ["배가 떠난다."]),
        ("title-page-revision-first.fountain", 7, ["The boat."]),
        ("marks.fountain", 14, ["The red boat leaves.", "Go now, please. THE END La la la"]),
        ("marks.md", 7, ["배가 떠난다. 각주"]),
        ("pasted-srt.txt", 7, ["안녕하세요 반갑습니다"]),
        ("numbers-on-their-own-lines.txt", 14, ["1. 바다가 보인다.", "2. 배가 온다."]),
        ("abbreviations.txt", 42,
         ["Dr. Kim met Mr. Lee at 5 p.m. in the U.S. Embassy.", "They left.", "No. 5 is here.",
          "See p. 5.", 'He said "No."', "Then he left."]),
        ("latin-after-period.txt", 35,
         ["애플이 발표했다.", "iPhone이 나왔다.", "e스포츠가 인기다.", "배가 온다.", "3월이다."]),
        ("news-no-period.txt", 42,
         ["오늘 오후 서울 시청 앞 광장에서 대규모 집회가 열렸습니다",
          "경찰은 차로를 통제하고 시민들의 우회를 당부했습니다",
          "곳곳에서 정체가 빚어졌습니다",
          "버스 노선도 조정되었습니다",
          "기상청은 밤부터 비가 온다고 예보했습니다",
          "내일 아침 기온은 영하 3도입니다"]),
    ],
)  # fmt: skip
def test_narration_of_documents(name, seconds, narrations):
    scenes = scenes_of(read(name), seconds=seconds)
    assert [scene["narration"] for scene in scenes] == narrations
    assert len(scenes) == scene_count(seconds)
    assert all(any(char.isalpha() for char in scene["title"]) for scene in scenes)
    assert not {scene["title"] for scene in scenes} & {"Dr", "EXT", "INT", "1", "2", "No"}
