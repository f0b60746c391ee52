import math

import numpy as np
import pytest

from media.audio.loudness import Loudness, measure
from media.audio.waveform import peaks
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


def test_loudness_range(tmp_path):
    loud_and_quiet = np.concatenate([tone(20, level=0.1), tone(20, level=0.01)])
    assert measure(save(tmp_path / "a.wav", stereo(loud_and_quiet))).lra == pytest.approx(20, abs=1)


@pytest.mark.parametrize("content", [b"", b"no sound", b"RIFF\x24\x00\x00\x00WAVEfmt "])
def test_broken_file(tmp_path, content):
    (tmp_path / "a.wav").write_bytes(content)
    for read in (measure, lambda path: peaks(path, 10)):
        with pytest.raises(MediaError) as caught:
            read(tmp_path / "a.wav")
        assert caught.value.code == "broken_input"


def test_film_without_sound(tmp_path):
    with pytest.raises(MediaError) as caught:
        measure(make_clip(tmp_path / "a.mp4"))
    assert caught.value.code == "broken_input"


def test_peaks_are_percent_of_full_scale(tmp_path):
    parts = [tone(1, level=level) for level in (0.0, 0.25, 1.0, 0.5)]
    assert peaks(save(tmp_path / "a.wav", np.concatenate(parts)), 4) == pytest.approx(
        [0, 25, 100, 50], abs=1
    )
    assert len(peaks(tmp_path / "a.wav", 333)) == 333


def test_more_peaks_than_samples(tmp_path):
    found = peaks(save(tmp_path / "a.wav", tone(0.01)), 500)
    assert len(found) == 500
    assert max(found) > 0


@pytest.mark.parametrize("count", [0, -1, 20_001])
def test_number_of_peaks_is_bounded(tmp_path, count):
    with pytest.raises(ValueError, match="peaks"):
        peaks(tmp_path / "a.wav", count)


@pytest.mark.parametrize("name", ["a.mp3", "a.flac", "a.ogg", "a.m4a", "a.opus", "a.aiff"])
def test_usual_kinds_are_read(tmp_path, name):
    ffmpeg_do("-i", save(tmp_path / "tone.wav", stereo(tone(1))), tmp_path / name)
    found = measure(tmp_path / name)
    assert found.integrated == pytest.approx(-20, abs=0.6)
    assert found.samples == pytest.approx(RATE, abs=2500)
