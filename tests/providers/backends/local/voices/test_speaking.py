import numpy as np
import pytest

from media.errors import MediaError
from providers.backends.local.voices import VoiceError, speak
from providers.backends.local.voices.clauses import Clause, clauses
from providers.backends.local.voices.speaking import RATE, SILENCE


def test_clauses_and_their_pauses():
    assert clauses("The lantern, at last, comes home. It is 3.14 m long; 10:30!", 200) == [
        Clause("The lantern,", 0.12),
        Clause("at last,", 0.12),
        Clause("comes home.", 0.30),
        Clause("It is 3.14 m long;", 0.12),
        Clause("10:30!", 0.30),
    ]


def test_signs_alone_are_no_clause():
    assert clauses("… 비가 온다. 🙂", 60) == [Clause("… 비가 온다. 🙂", 0.30)]
    assert clauses("🙂🙂 !!", 60) == []


def test_long_text_without_punctuation_is_divided_between_words():
    words = " ".join(["바다로"] * 75)
    found = clauses(words, 60)
    assert " ".join(clause.text for clause in found) == words
    assert max(len(clause.text) for clause in found) <= 60
    assert [len(clause.text) for clause in clauses("가" * 300, 60)] == [60] * 5


@pytest.mark.moderate
def test_marks_are_the_times_of_the_clauses():
    text = "The lantern comes home. Once, it was lost."
    spoken = speak(text, language="en")
    assert [mark.text for mark in spoken.marks] == [
        "The lantern comes home.",
        "Once,",
        "it was lost.",
    ]
    assert (spoken.rate, spoken.samples.dtype, spoken.marks[0].start_ms) == (24_000, np.float32, 0)
    gaps = [
        after.start_ms - before.end_ms
        for before, after in zip(spoken.marks, spoken.marks[1:], strict=False)
    ]
    assert gaps == pytest.approx([300, 120], abs=1)
    assert spoken.marks[-1].end_ms == spoken.duration_ms
    for mark in spoken.marks:
        sound = np.abs(spoken.samples[mark.start_ms * RATE // 1000 : mark.end_ms * RATE // 1000])
        assert np.flatnonzero(sound > SILENCE)[0] <= RATE // 100 + 48
        assert np.flatnonzero(sound > SILENCE)[-1] >= len(sound) - RATE // 100 - 72
    for before, after in zip(spoken.marks, spoken.marks[1:], strict=False):
        pause = spoken.samples[
            before.end_ms * RATE // 1000 + 48 : after.start_ms * RATE // 1000 - 48
        ]
        assert not pause.any()


@pytest.mark.moderate
def test_the_same_text_sounds_the_same_and_faster_is_shorter():
    first, second = (
        speak("Numbers like $9.99 and 1,250.", language="en", seed=3) for _ in range(2)
    )
    assert (first.samples == second.samples).all()
    assert (
        speak("Numbers like $9.99 and 1,250.", language="en", speed=1.5).duration_ms
        < first.duration_ms * 0.8
    )


@pytest.mark.slow
def test_korean_with_latin_words_and_numbers():
    spoken = speak("AI가 3개를 본다.", language="ko")
    assert [mark.text for mark in spoken.marks] == ["AI가 3개를 본다."]
    assert 900 < spoken.duration_ms < 4000
    assert (speak("AI가 3개를 본다.", language="ko").samples == spoken.samples).all()
    assert 0.05 < np.abs(spoken.samples).max() < 1


@pytest.mark.moderate
def test_korean_words_in_an_english_text_are_spoken():
    """hibari alone returns no sound for them and no error."""
    spoken = speak("She said, 안녕.", language="en")
    assert [mark.text for mark in spoken.marks] == ["She said,", "안녕."]
    assert spoken.marks[1].end_ms - spoken.marks[1].start_ms > 200


@pytest.mark.parametrize("language", ["ko", "en"])
@pytest.mark.parametrize("text", ["", "  \n", "🙂🙂", "... !?", "♪"])
def test_nothing_to_speak(text, language):
    with pytest.raises(VoiceError, match="nothing to speak"):
        speak(text, language=language)


@pytest.mark.parametrize("text", ["東京へ", "Привет", "ราตรี"])
def test_unknown_script_is_refused_and_named(text):
    with pytest.raises(VoiceError, match=f"letter {text[0]}"):
        speak(text, language="ko")


def test_too_long():
    with pytest.raises(VoiceError, match="too long"):
        speak("a " * 5001, language="en")


def test_unknown_voice():
    with pytest.raises(VoiceError, match="no local voice named x"):
        speak("a", language="en", voice="x")


def test_stop():
    with pytest.raises(MediaError) as caught:
        speak("Hello. There.", language="en", should_stop=lambda: True)
    assert caught.value.code == "stopped"


def test_accented_words_are_spoken():
    assert speak("The café in Zürich.", language="en").duration_ms > 500
