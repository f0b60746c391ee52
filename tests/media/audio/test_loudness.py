import math

import numpy as np
import pytest

from media.audio.loudness import Loudness, measure
from media.audio.waveform import Outline
from media.errors import MediaError
from tests.media.audio.sound import RATE, save, tone
from tests.media.film import ffmpeg_do, make_clip


def stereo(samples: np.ndarray) -> np.ndarray:
    return np.stack([samples, samples], 1)


@pytest.mark.parametrize("level", [-20.0, -23.0, -33.0])
@pytest.mark.parametrize("seconds", [0.1, 0.39, 1.0, 5.0])
def test_sine_of_known_level(tmp_path, level, seconds):
    """A sine of 997 Hz at 0 dBFS peak in both channels has 0 LUFS (EBU Tech 3341)."""
    given = save(tmp_path / "a.wav", stereo(tone(seconds, level=10 ** (level / 20))))
    found = measure(given)
    assert found.integrated == pytest.approx(level, abs=0.1)
    assert found.true_peak == pytest.approx(level, abs=0.2)
    assert found.samples == round(seconds * RATE)


def test_other_rates_are_counted_at_48_kilohertz(tmp_path):
    found = measure(save(tmp_path / "a.wav", tone(1, rate=24_000), rate=24_000))
    assert found.samples == RATE


def test_silence(tmp_path):
    assert measure(save(tmp_path / "a.wav", np.zeros(RATE))) == Loudness(None, -math.inf, 0.0, RATE)
    assert measure(save(tmp_path / "b.wav", tone(1, level=0.0001))).integrated is None


@pytest.mark.moderate
def test_loudness_range(tmp_path):
    loud_and_quiet = np.concatenate([tone(20, level=0.1), tone(20, level=0.01)])
    assert measure(save(tmp_path / "a.wav", stereo(loud_and_quiet))).lra == pytest.approx(20, abs=1)


@pytest.mark.parametrize("content", [b"", b"no sound", b"RIFF\x24\x00\x00\x00WAVEfmt "])
def test_broken_file(tmp_path, content):
    (tmp_path / "a.wav").write_bytes(content)
    with pytest.raises(MediaError) as caught:
        measure(tmp_path / "a.wav")
    assert caught.value.code == "broken_input"


def test_film_without_sound(tmp_path):
    with pytest.raises(MediaError) as caught:
        measure(make_clip(tmp_path / "a.mp4"))
    assert caught.value.code == "broken_input"


def outline(samples, parts, *, block=RATE, gain=1.0, limit=1.0):
    found = Outline(parts, len(samples))
    for at in range(0, len(samples), block):
        found.add(at, stereo(samples[at : at + block]).astype(np.float32))
    return found.levels(gain, limit)


def test_outline_is_percent_of_full_scale():
    samples = np.concatenate([tone(1, level=level) for level in (0.0, 0.25, 1.0, 0.5)])
    assert outline(samples, 4) == pytest.approx([0, 25, 100, 50], abs=1)
    assert outline(samples, 4, gain=1.5, limit=0.9) == pytest.approx([0, 38, 90, 75], abs=1)


@pytest.mark.parametrize("parts", [1, 3, 7, 333, 500, 20_000])
@pytest.mark.parametrize("block", [RATE, 1000, 77])
def test_outline_is_the_same_in_blocks_of_any_size(parts, block):
    samples = np.random.default_rng(1).uniform(-1, 1, 5_000)
    places = np.arange(5_000) * parts // 5_000
    highest = np.zeros(parts)
    np.maximum.at(highest, places, np.abs(samples))
    found = outline(samples, parts, block=block)
    assert len(found) == parts
    seen = np.unique(places)  # with more parts than samples, some hold none
    assert np.abs(np.asarray(found)[seen] / 100 - highest[seen]).max() <= 0.006


@pytest.mark.parametrize("count", [0, -1, 20_001])
def test_number_of_parts_is_bounded(count):
    with pytest.raises(ValueError, match="parts"):
        Outline(count, RATE)


@pytest.mark.parametrize("name", ["a.mp3", "a.flac", "a.ogg", "a.m4a", "a.opus", "a.aiff"])
def test_usual_kinds_are_read(tmp_path, name):
    ffmpeg_do("-i", save(tmp_path / "tone.wav", stereo(tone(1))), tmp_path / name)
    found = measure(tmp_path / name)
    assert found.integrated == pytest.approx(-20, abs=0.6)
    assert found.samples == pytest.approx(RATE, abs=2500)
