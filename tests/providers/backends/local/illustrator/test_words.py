import pytest

from providers.backends.local.illustrator.dice import Dice
from providers.backends.local.illustrator.setting import hour, place
from providers.backends.local.illustrator.words import read


@pytest.mark.parametrize(
    ("korean", "english"),
    [
        (
            "비 내리는 밤 골목에서 노란 우산을 쓴 소녀가 고양이를 바라본다",
            "On a rainy night a girl with a yellow umbrella looks at a cat in the alley",
        ),
        (
            "눈 덮인 마을의 아침, 할아버지와 강아지",
            "Morning in a snowy village, a grandfather and a puppy",
        ),
        ("노을 지는 항구로 배가 돌아온다", "A boat returns to the harbor at sunset"),
    ],
)
def test_read_both_languages_alike(korean, english):
    one, other = read(korean), read("", english)
    assert set(one.times) == set(other.times)
    assert set(one.weathers) == set(other.weathers)
    assert one.places[0] == other.places[0]
    assert set(one.people) == set(other.people)
    assert set(one.motifs) <= set(other.motifs) | {"sun"}
    assert one.color_of == other.color_of


def test_read_named_colours():
    assert read("노란 우산을 쓴 소녀와 빨간 풍선").color_of == {
        "umbrella": "f2b632",
        "balloon": "d8483e",
    }
    assert read("", "a woman in a red coat").color_of["clothes"] == "d8483e"


@pytest.mark.parametrize(
    "text",
    [
        "배우가 새로운 비밀을 말했다",
        "산책을 하고 차가운 달리기",
        "소년의 눈빛이 이별을 말한다",
        "개의치 않고 집중했다",
    ],
)
def test_read_does_not_see_words_in_other_words(text):
    reading = read(text)
    assert set(reading.motifs) & {"boat", "bird", "car", "moon", "dog", "house"} == set()
    assert "rain" not in reading.weathers
    assert "snow" not in reading.weathers
    assert "mountain" not in reading.places


def test_read_inflected_verbs_and_owners():
    assert read("하늘을 바라본다").postures == ("look_up",)
    assert read("벤치에 앉아서 책을 읽는다").postures == ("sit", "read")
    assert read("할머니의 편지를 읽는 소년").people == ("boy",)
    assert read("", "his grandmother's letter").people == ("man",)
    assert "couple" in read("언덕 위의 두 사람").people


@pytest.mark.parametrize(
    ("text", "where", "when"),
    [
        ("별이 빛나는 밤 사막", "desert", "night"),
        ("기차가 온다", "station", None),
        ("바닷속 물고기", "underwater", "deep"),
        ("다리 위에서 강을 바라본다", "river", None),
        ("맑은 낮의 시장", "market", "day"),
        ("비 오는 거리", "street", "grey"),
        ("폭풍 치는 바다", "sea", "storm"),
        ("로봇이 화성에 도착했다", "planet", "space"),
        ("하늘을 나는 비행기", "sky", None),
        ("하늘 아래 작은 집", "village", None),
        ("불꽃놀이가 터진다", None, "night"),
    ],
)
def test_setting(text, where, when):
    reading = read(text)
    found = place(reading, Dice("place"))
    assert where in {found, None}
    assert when in {hour(reading, found, Dice("hour")), None}


def test_what_is_to_be_avoided_is_not_read():
    assert read("비 내리는 골목에서 소녀가 고양이를 바라본다", negative="cat, 비").weathers == ()
    assert "cat" not in read("비 내리는 골목에서 소녀가 고양이를 바라본다", negative="cat").motifs
    assert read("비 내리는 골목", negative="고래") == read("비 내리는 골목")
