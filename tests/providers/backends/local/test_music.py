import numpy as np
import pytest

from media.audio import loudness
from providers.backends.local.music import LONGEST, MOODS, PEAK, RATE, bed, room_tone
from tests.media.audio.sound import rms_db, save


@pytest.mark.parametrize("mood", MOODS)
@pytest.mark.moderate
def test_length_is_exact_and_nothing_clips(mood):
    music = bed(mood, 21.37, seed=4)
    assert (music.shape, music.dtype) == ((1_025_760, 2), np.float32)
    assert np.abs(music).max() == pytest.approx(PEAK, rel=1e-6)
    assert np.isfinite(music).all()


@pytest.mark.parametrize("mood", MOODS)
@pytest.mark.moderate
def test_same_seed_same_music(mood):
    assert (bed(mood, 8, seed=1) == bed(mood, 8, seed=1)).all()
    assert np.abs(bed(mood, 8, seed=1) - bed(mood, 8, seed=2)).max() > 0.05


@pytest.mark.moderate
def test_moods_differ():
    made = [bed(mood, 8, seed=1) for mood in MOODS]
    assert all(np.abs(one - other).max() > 0.05 for n, one in enumerate(made) for other in made[:n])


@pytest.mark.parametrize("mood", MOODS)
@pytest.mark.parametrize("seconds", [5, 17.3])
def test_repetition_has_no_jump(mood, seconds):
    music = bed(mood, seconds, seed=2)
    steps = np.abs(np.diff(np.concatenate([music, music]), axis=0)).max(axis=1)
    seam = len(music) - 1
    assert steps[seam - 2 : seam + 3].max() <= steps[: seam - 2].max()


@pytest.mark.parametrize("mood", MOODS)
@pytest.mark.moderate
def test_it_goes_on_without_a_hole(mood):
    music = bed(mood, 30, seed=3)
    levels = [rms_db(music[at : at + RATE]) for at in range(0, len(music), RATE)]
    assert min(levels) > max(levels) - 14


@pytest.mark.moderate
def test_loudness_can_be_brought_to_the_level_of_the_mix(tmp_path):
    for mood in MOODS:
        found = loudness.measure(save(tmp_path / f"{mood}.wav", bed(mood, 12, seed=5)))
        assert -32 < found.integrated < -8
        assert found.true_peak < -5


@pytest.mark.parametrize("seconds", [0.5, 1.0, 2.1])
def test_short_beds(seconds):
    assert len(bed("calm", seconds)) == round(seconds * RATE)


@pytest.mark.parametrize("seconds", [0, -1, 0.4, LONGEST + 1, float("nan"), float("inf")])
def test_length_is_bounded(seconds):
    with pytest.raises(ValueError, match="seconds"):
        bed("calm", seconds)


def test_unknown_mood():
    with pytest.raises(ValueError, match="no mood 'angry'"):
        bed("angry", 5)


def test_room_tone():
    tone = room_tone(25)
    assert (tone.shape, tone.dtype) == ((25 * RATE, 2), np.float32)
    assert rms_db(tone[: 10 * RATE]) == pytest.approx(-60, abs=0.01)
    steps = np.abs(np.diff(tone, axis=0)).max(axis=1)
    assert steps[10 * RATE - 3 : 10 * RATE + 2].max() <= steps[: 9 * RATE].max()
