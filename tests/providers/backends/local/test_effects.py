"""Effects of the local provider: sketches of common sounds, the same for the same words."""

import numpy as np
import pytest

from providers.backends.local.effects import PEAK, QUIET, WORDS, effect, name_of
from providers.calls import advance
from providers.requests import SoundRequest


@pytest.mark.parametrize(
    ("words", "name"),
    [
        ("Rain on a tin roof", "rain"),
        ("양철 지붕에 떨어지는 빗소리", "rain"),
        ("a train passes", ""),
        ("a rainbow by the window", ""),
        ("천둥이 친다", "thunder"),
        ("storm wind", "wind"),
        ("파도 소리", "waves"),
        ("모닥불 타는 소리", "fire"),
        ("a church bell", "bell"),
        ("누군가 문을 두드린다", "knock"),
        ("footsteps on gravel", "steps"),
        ("gulls over the harbour", "birds"),
        ("자동차 시동", "engine"),
        ("전화가 울린다", "ring"),
        ("an arrow: whoosh", "whoosh"),
        ("a bell in the rain", "bell"),
        ("", ""),
    ],
)
def test_the_first_known_word_names_the_effect(words, name):
    assert name_of(words) == name


@pytest.mark.parametrize("name", sorted(WORDS))
def test_each_effect_is_heard_and_as_long_as_ordered(name):
    words = {"rain": "rain", "waves": "waves", "steps": "footsteps"}.get(name, name)
    words = {"birds": "a bird", "fire": "a fire", "bell": "a bell", "ring": "phone"}.get(
        name, words
    )
    found = effect(words, 1.5, 7)
    assert (name_of(words), found.shape, found.dtype) == (name, (72_000, 2), np.float32)
    assert float(np.abs(found).max()) == pytest.approx(PEAK, abs=0.1)
    assert (found[0] == 0).all()
    assert np.array_equal(found, effect(words, 1.5, 7))


def test_other_words_become_room_tone():
    found = effect("an unheard-of sound", 2.0)
    assert float(np.abs(found).max()) == pytest.approx(QUIET, rel=0.01)


@pytest.mark.django_db
def test_a_call_of_the_local_provider_is_free_and_stored():
    request = SoundRequest(prompt="rain", duration_ms=500, seed=3)
    call = advance(request, provider="local", key="k", subject="story", item="scene").call
    assert (call.state, call.kind, call.cost) == ("settled", "sound", 0)
    assert (call.result["samples"], call.result["mime"]) == (24_000, "audio/flac")
