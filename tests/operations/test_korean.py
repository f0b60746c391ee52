"""Korean particles fit the word before them."""

import pytest
from django.utils.translation import override

from core.korean_particles import with_particles
from core.localized_messages import LocalizedMessage


@pytest.mark.parametrize(
    ("given", "settled"),
    [
        ("바다이(가) 보입니다.", "바다가 보입니다."),
        ("등불이(가) 보입니다.", "등불이 보입니다."),
        ("‘등불’을(를) 켭니다.", "‘등불’을 켭니다."),
        ("3와(과) 4은(는)", "3과 4는"),
        ("7(으)로, 3(으)로, 2(으)로", "7로, 3으로, 2로"),
        ("서울(으)로, 부산(으)로", "서울로, 부산으로"),
        ("Stability AI이(가) 꺼져 있습니다.", "Stability AI가 꺼져 있습니다."),
        ("Runway ML이(가), Kling을(를)", "Runway ML이, Kling을"),
        ("Google이(가), Replicate은(는)", "Google이(가), Replicate은(는)"),
        ("이미지(PNG)은(는)", "이미지(PNG)는"),
        ("장면(1개)과 클립", "장면(1개)과 클립"),
    ],
)
def test_particle_follows_the_sound(given: str, settled: str) -> None:
    assert with_particles(given) == settled


def test_sentence_settles_them_in_korean_only() -> None:
    sentence = LocalizedMessage("%(provider)s is not active.", {"provider": "Stability AI"})
    with override("ko"):
        assert str(sentence) == "Stability AI가 꺼져 있습니다."
    with override("en"):
        assert str(sentence) == "Stability AI is not active."
