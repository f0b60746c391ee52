"""Planning without a model: exact numbers, nothing of the script lost, the same plan for the same
script.
"""

import itertools
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from providers.backends.local.planner import plan
from providers.backends.local.vocabulary import visual_words
from providers.enums import Refusal
from providers.errors import Refused
from providers.requests import TextRequest

CAMERAS = {"push_in", "pull_out", "pan_left", "pan_right", "tilt_up", "tilt_down", "still"}
KOREAN = (
    "새벽 바닷가에 안개가 자욱했다. 소녀는 등대를 향해 천천히 걸었다. “할아버지, 불을 켜 "
    "주세요!” 소녀가 외쳤다. 등대지기 할아버지가 손을 흔들었다. "
    "불빛이 바다를 비추자 작은 배 한 척이 보였다. 밤이 되자 별이 쏟아졌다. 소녀는 미소를 지었다."
)
ENGLISH = (
    "At dawn the fog lay over the harbour. A girl walked to the lighthouse. “Grandfather!” "
    "she cried. The keeper waved. She smiled."
)


def request(script: str, scenes: int, language: Any = "ko") -> TextRequest:
    return TextRequest(task="plan_story", script=script, scenes=scenes, language=language)


def bare(text: str) -> str:
    return "".join(text.split())


words = st.text(
    alphabet=st.sampled_from(
        "가나다라마바사아자차카타파하바다소녀숲밤.,!?…“”' \n\tabcXYZ0189。！？、👍😀é中文—"
    ),
    min_size=0,
    max_size=600,
)


@settings(deadline=None, max_examples=150)
@given(
    script=st.one_of(words, st.text(max_size=400)),
    scenes=st.integers(1, 60),
    language=st.sampled_from(["ko", "en"]),
)
@example(script="ㅋㅋㅋㅋ", scenes=3, language="ko")
@example(script="a" * 500, scenes=7, language="en")
@example(script="👨‍👩‍👧" * 50 + "x", scenes=9, language="ko")
@pytest.mark.moderate
def test_any_script_gives_exactly_so_many_scenes_and_loses_nothing(
    script: str, scenes: int, language: str
) -> None:
    if not any(char.isalnum() for char in script):
        with pytest.raises(Refused):
            plan(request(script, scenes, language))
        return
    made = plan(request(script, scenes, language))
    assert len(made) == scenes
    assert bare("".join(scene["narration"] for scene in made)) == bare(script)
    assert plan(request(script, scenes, language)) == made
    for scene in made:
        assert set(scene) == {"title", "narration", "prompt", "prompt_en", "camera"}
        assert 0 < len(scene["title"]) <= 60
        assert 0 < len(scene["prompt"]) <= 4000
        assert len(scene["prompt_en"]) <= 4000
        assert scene["camera"] in CAMERAS
    assert all(one["camera"] != two["camera"] for one, two in itertools.pairwise(made))


@pytest.mark.parametrize("scenes", [*range(1, 40), 100, 250, 499, 500])
@pytest.mark.parametrize(
    ("script", "language"),
    [
        (KOREAN, "ko"),
        (ENGLISH, "en"),
        ("아무 점도 없이 계속 이어지는 글 " * 60, "ko"),
        ("끝없는문장" * 300, "ko"),
    ],
)
def test_every_number_of_scenes(scenes: int, script: str, language: str) -> None:
    made = plan(request(script, scenes, language))
    assert len(made) == scenes
    assert bare("".join(scene["narration"] for scene in made)) == bare(script)


@pytest.mark.moderate
def test_fifty_thousand_characters_take_well_under_a_second() -> None:
    script = (KOREAN + " ") * (50_000 // len(KOREAN))
    for text in (script, "끝없는문장" * 10_000, "word " * 10_000, "가. " * 16_000):
        begin = time.process_time()
        assert len(plan(request(text[:50_000], 500))) == 500
        assert time.process_time() - begin < 1.0


@pytest.mark.parametrize("script", ["", "   \n ", "…!?", "—"])
def test_empty_script_is_refused_with_a_sentence(script: str) -> None:
    with pytest.raises(Refused, match="The script is empty") as refused:
        plan(request(script, 3))
    assert refused.value.kind == Refusal.INVALID


@pytest.mark.parametrize("scenes", [0, -1, 2001])
def test_impossible_number_of_scenes_is_refused(scenes: int) -> None:
    with pytest.raises(Refused, match="between 1 and 2000 scenes"):
        plan(request(KOREAN, scenes))


def test_korean_plan() -> None:
    assert plan(request(KOREAN, 4)) == [
        {
            "title": "새벽 바닷가에 안개가 자욱했다",
            "narration": "새벽 바닷가에 안개가 자욱했다. 소녀는 등대를 향해 천천히 걸었다.",
            "prompt": "새벽 바닷가에 안개가 자욱했다. 소녀는 등대를 향해 천천히 걸었다.",
            "prompt_en": "dawn, sea, fog, girl, lighthouse, walking",
            "camera": "tilt_up",
        },
        {
            "title": "할아버지, 불을 켜 주세요",
            "narration": "“할아버지, 불을 켜 주세요!” 소녀가 외쳤다.",
            "prompt": "“할아버지, 불을 켜 주세요!” 소녀가 외쳤다, 등대, 새벽, 안개",
            "prompt_en": "grandfather, fire, girl, lighthouse, dawn, fog",
            "camera": "pan_right",
        },
        {
            "title": "등대지기 할아버지가 손을 흔들었다",
            "narration": (
                "등대지기 할아버지가 손을 흔들었다. 불빛이 바다를 비추자 작은 배 한 척이 보였다."
            ),
            "prompt": (
                "등대지기 할아버지가 손을 흔들었다. 불빛이 바다를 비추자 작은 배 한 척이 "
                "보였다, 새벽"
            ),
            "prompt_en": "lighthouse keeper, grandfather, waving, lamp light, sea, shining, dawn",
            "camera": "pull_out",
        },
        {
            "title": "밤이 되자 별이 쏟아졌다",
            "narration": "밤이 되자 별이 쏟아졌다. 소녀는 미소를 지었다.",
            "prompt": "밤이 되자 별이 쏟아졌다. 소녀는 미소를 지었다, 바다",
            "prompt_en": "night, stars, falling, girl, smiling, sea",
            "camera": "tilt_up",
        },
    ]


def test_english_plan_keeps_the_sentence_and_carries_the_place() -> None:
    made = plan(request(ENGLISH, 5, "en"))
    assert [scene["narration"] for scene in made][:2] == [
        "At dawn the fog lay over the harbour.",
        "A girl walked to the lighthouse.",
    ]
    assert made[1]["prompt_en"] == "A girl walked to the lighthouse, dawn"
    assert [scene["prompt"] for scene in made][2:] == [
        "“Grandfather!” she cried, lighthouse, dawn",
        "The keeper waved, lighthouse, dawn",
        "She smiled, lighthouse, keeper",
    ]


def test_unknown_words_give_no_english_rather_than_a_wrong_one() -> None:
    assert plan(request("그러므로 나는 존재한다.", 1))[0]["prompt_en"] == ""


def test_more_scenes_than_words_gives_other_shots_of_the_same() -> None:
    made = plan(request("비가 온다.", 3))
    assert [scene["narration"] for scene in made] == ["비가 온다.", "", ""]
    assert [scene["title"] for scene in made] == ["비가 온다", "비가 온다 (2)", "비가 온다 (3)"]
    assert [scene["prompt"] for scene in made] == [
        "비가 온다.",
        "비가 온다, 가까이서 본 모습",
        "비가 온다, 멀리서 본 풍경",
    ]
    assert made[1]["prompt_en"] == "rain, close view"


def test_what_was_said_is_carried_until_the_story_moves_on() -> None:
    script = (
        "밤에 소녀 하루는 숲에서 곰을 보았다. 하루는 기뻐서 크게 웃으며 손뼉을 쳤다. "
        "어느새 따뜻한 봄이 다시 찾아왔다. "
    )
    script += "하루는 혼자서 먼 바다로 갔다. 사람들이 모여서 밤새 춤을 추었다."
    assert [scene["prompt_en"] for scene in plan(request(script, 5))] == [
        "night, girl, forest, bear",
        "girl, happy, smiling, forest, night, bear",
        "warm, spring, forest, girl",
        "girl, lonely, sea, spring",
        "people, night, dancing, sea, spring",
    ]


def test_name_of_a_person_is_learned() -> None:
    made = plan(
        request("There was a boy named Theo. Theo ran. An old tree stood there. He slept.", 4, "en")
    )
    assert [scene["prompt"] for scene in made] == [
        "There was a boy named Theo.",
        "Theo ran.",
        "An old tree stood there, boy",
        "He slept, boy",
    ]


@pytest.mark.parametrize(
    ("text", "glosses"),
    [
        ("바다표범을 보았다", []),
        ("바다를 보았다", ["sea"]),
        ("숲속에서 여우가 달렸다", ["forest", "fox", "running"]),
        ("눈을 감았다", []),
        ("첫눈이 내렸다", ["snow"]),
        ("말을 했다", []),
        ("밤하늘의 별들이 반짝인다", ["night", "stars", "shining"]),
        (
            "Two foxes ran through the snowy woods at midnight",
            ["fox", "running", "snow", "forest", "night"],
        ),
    ],
)
def test_known_words(text: str, glosses: list[str]) -> None:
    assert [word.gloss for word in visual_words(text)] == glosses


def test_no_word_stands_for_two_things() -> None:
    seen: dict[str, str] = {}
    for line in Path("providers/backends/local/words.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith(("#", "particle")):
            continue
        _, gloss, korean, english = (part.strip() for part in line.split("|"))
        for word in [*korean.split(), *english.split()]:
            assert seen.setdefault(word, gloss) == gloss, word
