import numpy as np
import pytest

from media import ffmpeg, mp4
from media.captions import CaptionSpan, style_for
from media.clip_segment import encode_clip
from media.errors import MediaError
from tests.media.film import SIZE, ffmpeg_do, frames_of, make_clip, quarter_turned, save_picture


def checked(path, frames, size=SIZE, fps=24):
    found = ffmpeg.probe(path)
    assert (found.width, found.height, found.frames, found.fps) == (*size, frames, fps)
    assert (
        found.video_codec,
        found.pix_fmt,
        found.color_space,
        found.color_range,
        found.has_audio,
    ) == ("h264", "yuv420p", "bt709", "tv", False)
    assert mp4.length(path) == mp4.Length(frames, frames * 90_000 // fps, 90_000)


@pytest.mark.parametrize(
    ("name", "options", "size", "rate"),
    [
        ("a.mp4", ("-c:v", "libx264"), "160x120", "16"),
        ("a.webm", ("-c:v", "libvpx-vp9"), "120x160", "30000/1001"),
        ("a.mkv", ("-c:v", "libx265", "-x265-params", "log-level=none"), "320x100", "60"),
        ("a.mov", ("-c:v", "mpeg4"), "98x98", "12.5"),
        ("a.mp4", ("-c:v", "libx264", "-pix_fmt", "yuv444p10le"), "160x90", "24"),
    ],
)
@pytest.mark.moderate
def test_encode_clip_takes_any_clip(tmp_path, name, options, size, rate):
    clip = make_clip(tmp_path / name, size=size, rate=rate, options=options)
    encode_clip(clip, tmp_path / "out.mp4", frames=36, size=SIZE, fps=24)
    checked(tmp_path / "out.mp4", 36)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([name, "out.mp4"])


@pytest.mark.parametrize(
    ("size", "fps", "frames"), [((180, 320), 30, 15), ((240, 240), 24, 60), ((320, 180), 24, 1)]
)
def test_encode_clip_sizes(tmp_path, size, fps, frames):
    heard = []
    encode_clip(
        make_clip(tmp_path / "a.mp4"),
        tmp_path / "out.mp4",
        frames=frames,
        size=size,
        fps=fps,
        on_progress=heard.append,
    )
    checked(tmp_path / "out.mp4", frames, size, fps)
    assert heard[-1] == 100


@pytest.mark.moderate
def test_encode_clip_cuts_the_end_and_holds_the_last_frame(tmp_path):
    ffmpeg_do(
        "-f",
        "lavfi",
        "-i",
        "color=red:s=64x64:r=24:d=0.5",
        "-f",
        "lavfi",
        "-i",
        "color=blue:s=64x64:r=24:d=0.5",
        "-filter_complex",
        "concat=n=2",
        tmp_path / "a.mp4",
    )
    encode_clip(tmp_path / "a.mp4", tmp_path / "short.mp4", frames=6, size=SIZE, fps=24)
    encode_clip(tmp_path / "a.mp4", tmp_path / "long.mp4", frames=48, size=SIZE, fps=24)
    short, long = (
        frames_of(tmp_path / name, SIZE).reshape(-1, SIZE[0] * SIZE[1], 3).mean(axis=1)
        for name in ("short.mp4", "long.mp4")
    )
    assert (short[:, 0] > 200).all()
    assert (long[:12, 0] > 200).all()
    assert (long[13:, 2] > 200).all()
    assert np.abs(long[47] - long[23]).max() < 4


def test_encode_clip_variable_rate_keeps_its_time(tmp_path):
    """Ten slow frames, then forty fast ones: after one second the fast part begins, whatever the
    frames' numbers.
    """
    ffmpeg_do(
        *(
            "-f",
            "lavfi",
            "-i",
            "color=red:s=64x64:r=10:d=1",
            "-f",
            "lavfi",
            "-i",
            "color=blue:s=64x64:r=40:d=1",
        ),
        *(
            "-filter_complex",
            "[0][1]concat=n=2,settb=1/1000",
            "-fps_mode",
            "vfr",
            "-c:v",
            "libx264",
            tmp_path / "a.mkv",
        ),
    )
    encode_clip(tmp_path / "a.mkv", tmp_path / "out.mp4", frames=48, size=SIZE, fps=24)
    means = frames_of(tmp_path / "out.mp4", SIZE).reshape(48, -1, 3).mean(axis=1)
    assert (means[:22, 0] > 200).all()
    assert (means[26:, 2] > 200).all()


@pytest.mark.moderate
def test_encode_clip_with_sound_and_rotation(tmp_path):
    ffmpeg_do(
        "-f",
        "lavfi",
        "-i",
        "testsrc2=s=160x90:r=24:d=1",
        "-f",
        "lavfi",
        "-i",
        "sine=d=1",
        "-c:v",
        "libx264",
        "-c:a",
        "aac",
        tmp_path / "a.mp4",
    )
    quarter_turned(tmp_path / "a.mp4", tmp_path / "b.mp4")
    encode_clip(tmp_path / "b.mp4", tmp_path / "out.mp4", frames=24, size=(180, 320), fps=24)
    checked(tmp_path / "out.mp4", 24, (180, 320))
    upright = frames_of(tmp_path / "out.mp4", (180, 320))[0].astype(int)
    flat = frames_of(tmp_path / "a.mp4", (160, 90))[0].astype(int)
    turned = np.rot90(flat)[:, :, :]
    small = upright[::2, ::2][:160, :90]
    assert np.abs(small - turned).mean() < 25


@pytest.mark.parametrize("color", [(220, 40, 30), (30, 160, 60), (250, 250, 250)])
def test_encode_clip_turns_bt601_into_bt709(tmp_path, color):
    save_picture(tmp_path / "p.png", np.full((64, 64, 3), color, np.uint8))
    ffmpeg_do(
        "-loop",
        "1",
        "-i",
        tmp_path / "p.png",
        "-t",
        "0.5",
        "-vf",
        "scale=out_color_matrix=bt601:out_range=tv,format=yuv420p",
        "-colorspace",
        "smpte170m",
        tmp_path / "a.mp4",
    )
    encode_clip(tmp_path / "a.mp4", tmp_path / "out.mp4", frames=6, size=SIZE, fps=24)
    shown = frames_of(tmp_path / "out.mp4", SIZE)[2].reshape(-1, 3).mean(axis=0)
    assert np.abs(shown - color).max() < 6


def test_encode_clip_burns_captions_in_for_their_frames(tmp_path):
    ffmpeg_do("-f", "lavfi", "-i", "color=0x404040:s=64x64:r=24:d=2", tmp_path / "a.mp4")
    captions = [CaptionSpan(4, 20, "첫째 자막"), CaptionSpan(24, 44, "둘째 자막\nwith two lines")]
    encode_clip(
        tmp_path / "a.mp4", tmp_path / "out.mp4", frames=48, size=SIZE, fps=24, captions=captions
    )
    checked(tmp_path / "out.mp4", 48)
    style = style_for(SIZE)
    luma = frames_of(tmp_path / "out.mp4", SIZE, "yuv420p")[:, : SIZE[1]].astype(int)
    brightest = luma[:, SIZE[1] - style.bottom - style.line_height :].reshape(48, -1).max(axis=1)
    assert all(brightest[number] >= 215 for number in (10, 14, 30, 38))
    assert all(brightest[number] < 110 for number in (0, 2, 21, 22, 45, 47))
    assert 228 <= brightest.max() <= 240  # white stays in the limited range


@pytest.mark.moderate
def test_encode_clip_same_inputs_same_bytes(tmp_path):
    clip = make_clip(tmp_path / "a.mp4")
    for name in ("x.mp4", "y.mp4"):
        encode_clip(
            clip,
            tmp_path / name,
            frames=24,
            size=SIZE,
            fps=24,
            captions=[CaptionSpan(2, 20, "글자")],
        )
    assert (tmp_path / "x.mp4").read_bytes() == (tmp_path / "y.mp4").read_bytes()


@pytest.mark.parametrize(
    "content",
    [b"", b"no clip", b"ffconcat version 1.0\nfile 'a.mp4'\n", b"#EXTM3U\n#EXTINF:1,\na.mp4\n"],
)
def test_encode_clip_broken_clip(tmp_path, content):
    make_clip(tmp_path / "a.mp4")
    (tmp_path / "b.mp4").write_bytes(content)
    with pytest.raises(MediaError) as caught:
        encode_clip(tmp_path / "b.mp4", tmp_path / "out.mp4", frames=24, size=SIZE, fps=24)
    assert caught.value.code == "broken_input"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.mp4", "b.mp4"]
