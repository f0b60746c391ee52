import numpy as np
import pytest

from media.audio.mix import MusicBed, Placed, broadcast, mix
from media.audio.stems import stems
from media.errors import MediaError
from tests.media.audio.sound import decoded, rms_db, save, tone, voice


@pytest.fixture
def given(tmp_path):
    speech = save(tmp_path / "a.wav", voice(3, level=0.05))
    music = save(tmp_path / "b.wav", tone(10))
    return {
        "frames": 240,
        "fps": 24,
        "speech": [Placed(speech, 24)],
        "music": [MusicBed(music, 0, 240)],
        "folder": tmp_path,
        "levels": broadcast(),  # so low that the limiter has nothing to do
    }


@pytest.mark.moderate
def test_stems_add_up_to_the_mix(tmp_path, given):
    found = mix(tmp_path / "mix.m4a", **given)
    made = stems(tmp_path, **given, gain_db=found.gain_db, file_format="wav")
    assert {name: path.name for name, path in made.items()} == {
        "speech": "speech.wav",
        "music": "music.wav",
        "room_tone": "room_tone.wav",
    }
    total = np.sum([decoded(path) for path in made.values()], axis=0)
    assert len(total) == 480_000
    assert rms_db(total) == pytest.approx(rms_db(decoded(tmp_path / "mix.m4a")), abs=0.5)


@pytest.mark.moderate
def test_stems_to_listen_to_have_the_length_of_the_film(tmp_path, given):
    made = stems(tmp_path, **given)
    assert {len(decoded(path)) for path in made.values()} == {480_000}


def test_stop_leaves_no_part(tmp_path, given):
    with pytest.raises(MediaError) as caught:
        stems(tmp_path, **given, should_stop=lambda: True)
    assert caught.value.code == "stopped"
    assert {path.name for path in tmp_path.iterdir()} == {"a.wav", "b.wav"}
