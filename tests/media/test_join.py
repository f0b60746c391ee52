import shutil
import subprocess
from pathlib import Path

import pytest

from media import codec, ffmpeg, mp4, mux
from media.clip_segment import encode_clip
from media.errors import MediaError
from media.image_segment import encode_still
from media.join import join
from tests.media.film import SIZE, detailed, ffmpeg_do, frames_of, make_clip, save_picture


@pytest.fixture(scope="module")
def made_segments(tmp_path_factory):
    folder = tmp_path_factory.mktemp("segments")
    made = []
    for number, (frames, move) in enumerate([(25, "push_in"), (7, "still"), (48, "pan_left")]):
        picture = save_picture(folder / f"{number}.png", detailed(SIZE, seed=number))
        made.append(folder / f"it's {number} 장면.mp4")
        encode_still(picture, made[-1], frames=frames, size=SIZE, fps=24, camera=move)
    made.append(folder / "clip.mp4")
    encode_clip(
        make_clip(folder / "foreign.webm", options=("-c:v", "libvpx-vp9")),
        made[-1],
        frames=20,
        size=SIZE,
        fps=24,
    )
    return made


@pytest.fixture
def segments(tmp_path, made_segments):
    """Copies, because some tests damage them."""
    return [Path(shutil.copy(segment, tmp_path)) for segment in made_segments]


@pytest.mark.moderate
def test_join_is_exactly_the_sum(tmp_path, segments):
    length = join(segments, tmp_path / "film.mp4", title="바다 이야기", comment="manifest 0123abcd")
    assert length == mp4.Length(100, 100 * 3750, 90_000)
    found = ffmpeg.probe(tmp_path / "film.mp4")
    assert (found.frames, found.duration_ms, found.color_space) == (100, 4167, "bt709")
    stamps = [
        int(line.split(",")[2])
        for line in ffmpeg_do("-i", tmp_path / "film.mp4", "-f", "framecrc", "pipe:1")
        .decode()
        .splitlines()
        if not line.startswith("#")
    ]
    assert stamps == list(range(100))
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


@pytest.mark.moderate
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


def packets(*arguments):
    """Time of decoding and of showing, length and checksum of each packet, and whether a player may
    begin there.
    """
    lines = (
        ffmpeg_do(*arguments, "-map", "0:v:0", "-c", "copy", "-f", "framecrc", "pipe:1")
        .decode()
        .splitlines()
    )
    return [
        tuple(part.strip() for part in line.split(","))
        for line in lines
        if not line.startswith("#")
    ]


def test_join_packets_are_those_of_the_segments_moved_in_time(tmp_path, segments):
    join(segments, tmp_path / "film.mp4")
    wanted, begin = [], 0
    for segment in segments:
        for _stream, dts, pts, ticks, *rest in packets("-i", segment):
            wanted.append(
                (
                    int(dts) + begin,
                    int(pts) + begin,
                    int(ticks),
                    rest[-1] if rest[-1] == "F=0x0" else "key",
                )
            )
        begin += mp4.length(segment).ticks
    found = [
        (int(dts), int(pts), int(ticks), rest[-1] if rest[-1] == "F=0x0" else "key")
        for _s, dts, pts, ticks, *rest in packets("-i", tmp_path / "film.mp4")
    ]
    assert found == wanted


def test_join_copies_each_byte_of_alike_segments(tmp_path, segments):
    join(segments[:3], tmp_path / "film.mp4")
    apart = [packet[3:] for segment in segments[:3] for packet in packets("-i", segment)]
    assert [packet[3:] for packet in packets("-i", tmp_path / "film.mp4")] == apart


@pytest.mark.moderate
def test_join_seeks_to_every_scene(tmp_path, segments):
    """A player that jumps decodes from the key frame before and shows the very frame."""
    join(segments, tmp_path / "film.mp4")
    through = frames_of(tmp_path / "film.mp4", SIZE)
    for number in (0, 24, 25, 31, 32, 79, 80, 99):
        shown = ffmpeg_do(
            "-ss",
            f"{number / 24:.6f}",
            "-i",
            tmp_path / "film.mp4",
            "-frames:v",
            "1",
            "-f",
            "rawvideo",
            "-pix_fmt",
            "rgb24",
            "pipe:1",
        )
        assert shown == through[number].tobytes()


def encoded(folder, name, *options):
    path = folder / f"{name}.mp4"
    ffmpeg_do(
        "-f",
        "lavfi",
        "-i",
        "testsrc2=s=320x180:r=24:d=1",
        *codec.video_settings(24),
        *options,
        path,
    )
    return path


@pytest.mark.moderate
def test_join_of_segments_with_unlike_decoders(tmp_path, segments):
    """Encoded by another version, or without frames that look ahead: each key frame brings what its
    decoder must know.
    """
    mixed = [
        segments[0],
        encoded(tmp_path, "baseline", "-profile:v", "baseline"),
        segments[1],
        encoded(tmp_path, "refs", "-refs", "1", "-bf", "0"),
    ]
    assert len({mp4.track(path).decoder for path in mixed}) == 3
    assert join(mixed, tmp_path / "film.mp4") == mp4.Length(80, 80 * 3750, 90_000)
    joined = frames_of(tmp_path / "film.mp4", SIZE)
    apart = [frame for segment in mixed for frame in frames_of(segment, SIZE)]
    assert len(joined) == len(apart)
    assert all((a == b).all() for a, b in zip(joined, apart, strict=True))
    stamps = [int(packet[2]) for packet in packets("-i", tmp_path / "film.mp4")]
    assert sorted(stamps) == [number * 3750 for number in range(80)]


def test_join_of_more_bytes_than_32_bits_count(tmp_path, segments, monkeypatch):
    join(segments, tmp_path / "short.mp4")
    monkeypatch.setattr(mux, "SHORT", 1)
    assert join(segments, tmp_path / "long.mp4").frames == 100
    assert b"co64" in (tmp_path / "long.mp4").read_bytes()
    assert packets("-i", tmp_path / "long.mp4") == packets("-i", tmp_path / "short.mp4")
    assert mp4.track(tmp_path / "long.mp4").sizes == mp4.track(tmp_path / "short.mp4").sizes


def test_join_of_joined_films(tmp_path, segments):
    join(segments[:2], tmp_path / "a.mp4")
    join(segments[2:], tmp_path / "b.mp4")
    assert join([tmp_path / "a.mp4", tmp_path / "b.mp4"], tmp_path / "film.mp4").frames == 100
    assert len(frames_of(tmp_path / "film.mp4", SIZE)) == 100


def test_join_full_disk(tmp_path, segments):
    disk = tmp_path / "disk"
    disk.mkdir()
    if subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=32k", "tmpfs", disk], capture_output=True, check=False
    ).returncode:
        pytest.skip("mounting a small disk needs root")
    try:
        with pytest.raises(MediaError) as caught:
            join(segments, disk / "film.mp4")
        assert caught.value.code == "disk_full"
        assert list(disk.iterdir()) == []
    finally:
        subprocess.run(["umount", disk], check=True)


def test_join_stops_when_asked_and_keeps_the_old_film(tmp_path, segments):
    (tmp_path / "film.mp4").write_bytes(b"old")
    with pytest.raises(MediaError) as caught:
        join(segments, tmp_path / "film.mp4", should_stop=lambda: True)
    assert caught.value.code == "stopped"
    assert (tmp_path / "film.mp4").read_bytes() == b"old"
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_join_refuses_what_is_no_segment(tmp_path, segments):
    ffmpeg_do(
        "-i",
        segments[2],
        "-f",
        "lavfi",
        "-i",
        "sine=d=2",
        "-c:v",
        "copy",
        "-c:a",
        "aac",
        tmp_path / "sound.mp4",
    )
    ffmpeg_do("-i", segments[0], "-c:v", "mpeg4", tmp_path / "old.mp4")
    for name in ("sound.mp4", "old.mp4"):
        with pytest.raises(MediaError) as caught:
            join([segments[1], tmp_path / name], tmp_path / "film.mp4")
        assert caught.value.code == "broken_input"


@pytest.mark.moderate
def test_join_refuses_segments_of_unlike_size(tmp_path, segments):
    encode_clip(
        make_clip(tmp_path / "tall.webm", options=("-c:v", "libvpx-vp9")),
        tmp_path / "tall.mp4",
        frames=5,
        size=(180, 320),
        fps=24,
    )
    with pytest.raises(MediaError, match="do not fit"):
        join([segments[1], tmp_path / "tall.mp4"], tmp_path / "film.mp4")


def test_join_refuses_segments_that_count_time_differently(tmp_path, segments):
    ffmpeg_do(
        "-i", segments[0], "-c", "copy", "-video_track_timescale", "12288", tmp_path / "other.mp4"
    )
    with pytest.raises(MediaError, match="do not fit"):
        join([segments[1], tmp_path / "other.mp4"], tmp_path / "film.mp4")
