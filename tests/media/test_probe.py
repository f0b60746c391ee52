import pytest

from media import ffmpeg, mp4
from media.errors import MediaError
from tests.media.film import ffmpeg_do, make_clip, quarter_turned


def test_probe_counts_every_frame(tmp_path):
    path = make_clip(tmp_path / "a.mp4", size="160x120", rate="30000/1001", seconds=1.5)
    found = ffmpeg.probe(path)
    assert (found.width, found.height, found.frames, found.video_codec, found.has_audio) == (
        160,
        120,
        45,
        "h264",
        False,
    )
    assert found.fps == pytest.approx(29.97)
    assert found.duration_ms == pytest.approx(1501.5, abs=1)
    assert mp4.length(path).frames == 45


def test_probe_webm_with_sound(tmp_path):
    path = tmp_path / "a.webm"
    ffmpeg_do(
        "-f",
        "lavfi",
        "-i",
        "testsrc2=s=96x64:r=10:d=1",
        "-f",
        "lavfi",
        "-i",
        "sine=d=1",
        "-c:v",
        "libvpx-vp9",
        "-c:a",
        "libopus",
        path,
    )
    found = ffmpeg.probe(path)
    assert (found.width, found.height, found.frames, found.video_codec, found.has_audio) == (
        96,
        64,
        10,
        "vp9",
        True,
    )


def test_probe_shows_a_turned_clip_upright(tmp_path):
    make_clip(tmp_path / "a.mp4", size="160x90")
    quarter_turned(tmp_path / "a.mp4", tmp_path / "b.mp4")
    assert (ffmpeg.probe(tmp_path / "b.mp4").width, ffmpeg.probe(tmp_path / "b.mp4").height) == (
        90,
        160,
    )


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"hello",
        b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n",
        b"\x00\x00\x00\x18ftypisom" + b"\x00" * 40,
    ],
)
def test_probe_refuses_what_is_no_clip(tmp_path, content):
    (tmp_path / "a.mp4").write_bytes(content)
    with pytest.raises(MediaError) as caught:
        ffmpeg.probe(tmp_path / "a.mp4")
    assert caught.value.code == "broken_input"


def test_probe_refuses_sound_without_picture(tmp_path):
    ffmpeg_do("-f", "lavfi", "-i", "sine=d=1", tmp_path / "a.mp4")
    with pytest.raises(MediaError):
        ffmpeg.probe(tmp_path / "a.mp4")


@pytest.mark.parametrize("keep", [0, 7, 40, 0.5, 0.98])
def test_length_refuses_a_cut_file(tmp_path, keep):
    whole = make_clip(tmp_path / "a.mp4").read_bytes()
    (tmp_path / "b.mp4").write_bytes(whole[: int(keep if keep > 1 else keep * len(whole))])
    with pytest.raises(MediaError) as caught:
        mp4.length(tmp_path / "b.mp4")
    assert caught.value.code == "broken_input"
