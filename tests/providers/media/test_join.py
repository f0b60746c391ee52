import pytest

from providers.media import ffmpeg, mp4
from providers.media.clip import encode_clip
from providers.media.errors import MediaError
from providers.media.join import join
from providers.media.motion import encode_still
from tests.providers.media.film import SIZE, detailed, ffmpeg_do, frames_of, make_clip, save_picture


@pytest.fixture
def segments(tmp_path):
    made = []
    for number, (frames, move) in enumerate([(25, "push_in"), (7, "still"), (48, "pan_left")]):
        picture = save_picture(tmp_path / f"{number}.png", detailed(SIZE, seed=number))
        made.append(tmp_path / f"it's {number} 장면.mp4")
        encode_still(picture, made[-1], frames=frames, size=SIZE, fps=24, camera=move)
    made.append(tmp_path / "clip.mp4")
    encode_clip(make_clip(tmp_path / "foreign.webm", options=("-c:v", "libvpx-vp9")), made[-1], frames=20, size=SIZE, fps=24)
    return made


def test_join_is_exactly_the_sum(tmp_path, segments):
    length = join(segments, tmp_path / "film.mp4", title="바다 이야기", comment="manifest 0123abcd")
    assert length == mp4.Length(100, 100 * 3750, 90_000)
    found = ffmpeg.probe(tmp_path / "film.mp4")
    assert (found.frames, found.duration_ms, found.color_space) == (100, 4167, "bt709")
    stamps = [
        int(line.split(",")[2]) for line in ffmpeg_do("-i", tmp_path / "film.mp4", "-f", "framecrc", "pipe:1").decode().splitlines() if not line.startswith("#")
    ]
    assert stamps == list(range(100))
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_join_keeps_every_picture(tmp_path, segments):
    join(segments, tmp_path / "film.mp4")
    joined = frames_of(tmp_path / "film.mp4", SIZE)
    apart = [frame for segment in segments for frame in frames_of(segment, SIZE)]
    assert len(joined) == len(apart)
    assert all((a == b).all() for a, b in zip(joined, apart, strict=True))


def test_join_tells_title_and_manifest_and_starts_at_once(tmp_path, segments):
    join(segments, tmp_path / "film.mp4", title="바다 이야기", comment="manifest 0123abcd")
    content = (tmp_path / "film.mp4").read_bytes()
    assert content.index(b"moov") < content.index(b"mdat")
    assert "바다 이야기".encode() in content
    assert b"manifest 0123abcd" in content


def test_join_same_segments_same_bytes(tmp_path, segments):
    join(segments, tmp_path / "a.mp4", title="t")
    join(segments, tmp_path / "b.mp4", title="t")
    assert (tmp_path / "a.mp4").read_bytes() == (tmp_path / "b.mp4").read_bytes()


def test_join_of_one(tmp_path, segments):
    assert join(segments[:1], tmp_path / "film.mp4").frames == 25


def test_join_refuses_a_damaged_segment(tmp_path, segments):
    segments[1].write_bytes(segments[1].read_bytes()[:-200])
    with pytest.raises(MediaError) as caught:
        join(segments, tmp_path / "film.mp4")
    assert caught.value.code == "broken_input"
    assert not (tmp_path / "film.mp4").exists()


def test_join_refuses_segments_that_count_time_differently(tmp_path, segments):
    ffmpeg_do("-i", segments[0], "-c", "copy", "-video_track_timescale", "12288", tmp_path / "other.mp4")
    with pytest.raises(MediaError, match="do not fit"):
        join([segments[1], tmp_path / "other.mp4"], tmp_path / "film.mp4")
