import pytest

from media import ffmpeg, mp4
from media.audio import mux
from media.audio.mix import Placed, mix
from media.audio.mux import add_audio, same_picture
from media.errors import MediaError
from media.image_segment import encode_still
from media.join import join
from tests.media.audio.sound import click, decoded, save
from tests.media.film import SIZE, detailed, frames_of, picture_md5, save_picture


@pytest.fixture
def film(tmp_path):
    segments = []
    for number, move in enumerate(["push_in", "still"]):
        picture = save_picture(tmp_path / f"{number}.png", detailed(SIZE, seed=number))
        segments.append(tmp_path / f"{number}.mp4")
        encode_still(picture, segments[-1], frames=25, size=SIZE, fps=24, camera=move)
    join(segments, tmp_path / "film.mp4", title="바다 이야기", comment="manifest 0123abcd")
    return tmp_path / "film.mp4"


@pytest.fixture
def sound(tmp_path):
    given = save(tmp_path / "click.wav", click())
    mix(tmp_path / "mix.m4a", frames=50, fps=24, speech=[Placed(given, 25)], folder=tmp_path)
    return tmp_path / "mix.m4a"


@pytest.mark.moderate
def test_picture_stays_and_sound_is_exact(tmp_path, film, sound):
    out = tmp_path / "out.mp4"
    before = picture_md5(film)
    add_audio(film, sound, out)
    assert picture_md5(out) == before
    samples = decoded(out)
    assert len(samples) == 100_000
    assert abs(samples[:, 0]).argmax() == 50_000
    assert (frames_of(out, SIZE) == frames_of(film, SIZE)).all()
    found = ffmpeg.probe(out)
    assert (found.frames, found.duration_ms, found.audio_codec, found.color_space) == (
        50,
        2083,
        "aac",
        "bt709",
    )


@pytest.mark.parametrize("place", ["first", "last"])
@pytest.mark.moderate
def test_one_changed_byte_of_the_picture_is_noticed(tmp_path, film, sound, place):
    out = tmp_path / "out.mp4"
    add_audio(film, sound, out)
    assert same_picture(film, out)
    samples = mp4.picture(out)
    assert [size for _start, size in samples] == [size for _start, size in mp4.picture(film)]
    start, size = samples[0] if place == "first" else samples[-1]
    changed = bytearray(out.read_bytes())
    changed[start if place == "first" else start + size - 1] ^= 1
    out.write_bytes(changed)
    assert not same_picture(film, out)


@pytest.mark.moderate
def test_a_shorter_picture_is_another(tmp_path, film, sound):
    add_audio(tmp_path / "0.mp4", sound, tmp_path / "out.mp4")
    assert not same_picture(film, tmp_path / "out.mp4")
    assert not same_picture(tmp_path / "out.mp4", film)


@pytest.mark.moderate
def test_a_changed_picture_is_no_film(tmp_path, film, sound, monkeypatch):
    monkeypatch.setattr(mux, "same_picture", lambda *_films: False)
    names = {path.name for path in tmp_path.iterdir()}
    with pytest.raises(MediaError) as caught:
        add_audio(film, sound, tmp_path / "out.mp4")
    assert caught.value.code == "failed"
    assert {path.name for path in tmp_path.iterdir()} == names


@pytest.mark.moderate
def test_title_comment_and_index_at_the_front_are_kept(tmp_path, film, sound):
    add_audio(film, sound, tmp_path / "out.mp4")
    content = (tmp_path / "out.mp4").read_bytes()
    assert content.index(b"moov") < content.index(b"mdat")
    assert content.count("바다 이야기".encode()) == 1
    assert content.count(b"manifest 0123abcd") == 1


@pytest.mark.moderate
def test_sound_is_replaced(tmp_path, film, sound):
    add_audio(film, sound, tmp_path / "once.mp4")
    add_audio(tmp_path / "once.mp4", sound, tmp_path / "twice.mp4")
    assert (tmp_path / "once.mp4").read_bytes() == (tmp_path / "twice.mp4").read_bytes()


@pytest.mark.parametrize("broken", ["film.mp4", "mix.m4a"])
@pytest.mark.moderate
def test_broken_input(tmp_path, film, sound, broken):
    (tmp_path / broken).write_bytes(b"broken")
    names = {path.name for path in tmp_path.iterdir()}
    with pytest.raises(MediaError) as caught:
        add_audio(film, sound, tmp_path / "out.mp4")
    assert caught.value.code == "broken_input"
    assert {path.name for path in tmp_path.iterdir()} == names


def test_sound_file_without_sound(tmp_path, film):
    with pytest.raises(MediaError) as caught:
        add_audio(film, film, tmp_path / "out.mp4")
    assert caught.value.code == "broken_input"
    assert not (tmp_path / "out.mp4").exists()
