"""What a film costs beside its limits and its peers. Run with `make bench`; every pair is measured
in turn, medians of ratios are printed.

CPU seconds (user and system, children included) of whole processes, start of Python included: the
wall clock of a shared machine lies. The rows of sound are measured within one process that has
started, as a worker has; the start is a row of its own.
"""

import argparse
import importlib.util
import json
import math
import os
import resource
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "site")]
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

SIZE, FPS, SECONDS, SCENES, FEW = (1280, 720), 24, 7, 9, 3
FRAMES = FPS * SECONDS
CAPTION = "바닷가 작은 마을에 사는 소녀는 매일 저녁 등대에 올라 불을 켰습니다."
PEER = Path(
    sys.executable
    if importlib.util.find_spec("moviepy")
    else os.environ.get("BENCH_PYTHON") or ROOT / ".venv-bench" / "bin" / "python"
)


def photograph(path: Path, seed: int) -> None:
    """A picture with detail at every scale, as photographs have; 1920 x 1080."""
    import cv2
    import numpy as np
    from PIL import Image

    dice = np.random.default_rng(seed)
    width, height = 1920, 1080
    pixels = np.full((height, width, 3), 128, np.float32)
    for cell, strength in ((3, 8.0), (9, 12.0), (40, 18.0), (200, 42.0)):
        lattice = dice.normal(size=(height // cell + 2, width // cell + 2, 3)).astype(np.float32)
        pixels += cv2.resize(lattice, (width, height), interpolation=cv2.INTER_CUBIC) * strength
    for _shape in range(70):
        place = int(dice.integers(width)), int(dice.integers(height))
        cv2.circle(
            pixels,
            place,
            int(dice.integers(10, 110)),
            tuple(int(part) for part in dice.integers(0, 255, 3)),
            -1,
            cv2.LINE_AA,
        )
    Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8)).save(path, quality=92)


# --- what runs in a process of its own


def studio_scene(picture: Path, out: Path) -> None:
    from media.captions import layout
    from media.image_segment import encode_still

    captions = layout(CAPTION, size=SIZE, frames=FRAMES, fps=FPS)
    encode_still(
        picture, out, frames=FRAMES, size=SIZE, fps=FPS, camera="push_in", captions=captions
    )


def studio_join(folder: Path, out: Path) -> None:
    from media.join import join

    join(sorted(folder.glob("scene-*.mp4")), out, title="bench")


def studio_film(folder: Path, out: Path, redo: str) -> None:
    """All nine scenes and the join; or, by `redo`, only the fifth (`one`), or the first three
    (`few`).
    """
    numbers = {"all": range(SCENES), "few": range(FEW), "one": [SCENES // 2]}[redo]
    for number in numbers:
        studio_scene(folder / f"picture-{number}.jpg", folder / f"scene-{number}.mp4")
    studio_join(folder, out)


def sounds(folder: Path) -> None:
    """Speech of five seconds for each scene, and half a minute of music, as noise with pauses and
    with as little treble as speech and music have. White noise loses a decibel in the codec, so
    that its mix was encoded twice, as that of no film is. As FLAC, as takes are stored.
    """
    import wave

    import numpy as np

    from media import ffmpeg

    dice = np.random.default_rng(7)
    names = [*(f"speech-{number}" for number in range(SCENES)), "music"]
    for name in names:
        seconds = 30 if name == "music" else 5
        time = np.arange(seconds * 48_000) / 48_000
        loud = 0.12 * (1 + np.sin(2 * np.pi * (0.5 if name == "music" else 3) * time))
        noise = dice.normal(size=time.size)
        for _time in range(2):
            noise = np.convolve(noise, np.ones(96) / 96, "same")
        values = (noise / noise.std() * loud * 20_000).clip(-32_768, 32_767)
        with wave.open(str(folder / f"{name}.wav"), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(48_000)
            file.writeframes(values.astype("<i2").tobytes())
        given = ["-i", f"file:{folder / name}.wav"]
        ffmpeg.run([*given, "-f", "flac"], out=folder / f"{name}.flac")


def studio_sound(folder: Path, film: Path, out: Path) -> None:
    """The mix of the whole film, beside its picture, with the outline that pages draw."""
    from media.audio.mix import MusicBed, Placed, mix
    from media.audio.mux import add_audio

    frames, track = SCENES * FRAMES, folder / "track.m4a"
    mix(
        track,
        frames=frames,
        fps=FPS,
        speech=[
            Placed(folder / f"speech-{number}.flac", number * FRAMES + 10)
            for number in range(SCENES)
        ],
        music=[MusicBed(folder / "music.flac", 0, frames)],
        outline=600,
        folder=folder,
    )
    add_audio(film, track, out)


def studio_parts(folder: Path, out: Path) -> None:
    """The film with its sound, part by part; prints the CPU seconds of each. `start` is what the
    process has needed until its modules were there.
    """
    import media.audio.mix
    import media.audio.mux
    import media.captions
    import media.image_segment
    import media.join  # noqa: F401  as a worker has them

    found, picture = {"start": own_cpu()}, folder / "picture-only.mp4"

    def measured(name: str, do: Callable[[], None]) -> None:
        before = own_cpu()
        do()
        found[name] = own_cpu() - before

    def scenes(numbers: Sequence[int]) -> None:
        for number in numbers:
            studio_scene(folder / f"picture-{number}.jpg", folder / f"scene-{number}.mp4")

    measured("scenes", lambda: scenes(range(SCENES)))
    measured("join", lambda: studio_join(folder, picture))
    measured("sound", lambda: studio_sound(folder, picture, out))
    measured("scene", lambda: scenes([SCENES // 2]))
    print(json.dumps(found))


def own_cpu() -> float:
    """CPU seconds of this process and of those that it has waited for."""
    uses = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(use.ru_utime + use.ru_stime for use in uses)


def raw_frames(picture: Path, out: Path) -> None:
    from PIL import Image

    from media import camera
    from media.caption_overlay import Overlay, Overlays
    from media.captions import layout
    from media.image_segment import cover_size, film, scenery

    image = Image.open(picture).convert("RGB")
    windows = camera.path("push_in", frames=FRAMES, size=SIZE, cover=cover_size(image.size, SIZE))
    spans = [
        (span.start_frame, span.end_frame, Overlay.of(span.text, SIZE))
        for span in layout(CAPTION, size=SIZE, frames=FRAMES, fps=FPS)
    ]
    with out.open("wb") as file:
        for frame in film(scenery(image, windows, SIZE), windows, SIZE, Overlays(spans, fps=FPS)):
            file.write(frame)


def moviepy_scene(picture: Path, out: Path, preset: str) -> None:
    """The same scene as MoviePy's users make it: a resized picture in a composite, a TextClip over
    it.
    """
    from moviepy import CompositeVideoClip, ImageClip, TextClip

    font = ROOT / "assets" / "fonts" / "NotoSansKR-Medium.otf"
    base = ImageClip(str(picture)).resized(SIZE).with_duration(SECONDS)
    moving = base.resized(lambda t: 1 + 0.14 * t / SECONDS).with_position("center")
    text = TextClip(
        font=str(font),
        text=CAPTION,
        font_size=40,
        color="white",
        stroke_color="black",
        stroke_width=2,
        method="caption",
        size=(900, None),
    )
    clip = CompositeVideoClip(
        [moving, text.with_duration(SECONDS).with_position(("center", 0.82), relative=True)],
        size=SIZE,
    )
    options = {"preset": preset, "ffmpeg_params": ["-crf", "21"]} if preset else {}
    clip.write_videofile(str(out), fps=FPS, audio=False, logger=None, **options)


# --- measuring


@dataclass(frozen=True)
class Row:
    """One comparison: CPU seconds of ours over those of the other, round by round."""

    name: str
    bar: str
    ours: list[float]
    other: list[float]

    def __str__(self) -> str:
        ratios = sorted(one / two for one, two in zip(self.ours, self.other, strict=True))
        spread = f"[{ratios[0]:.3f}-{ratios[-1]:.3f}]"
        seconds = f"{statistics.median(self.ours):>7.2f} {statistics.median(self.other):>8.2f}"
        return (
            f"{self.name:<58} {statistics.median(ratios):>7.3f} {spread:<15} {self.bar:<9} "
            f"{seconds}"
        )


def cpu(command: list[object]) -> float:
    """CPU seconds of a command and its children."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(
        [str(part) for part in command],
        check=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def task(name: str, *arguments: object, python: Path | str = sys.executable) -> list[object]:
    return [python, __file__, "--task", name, *arguments]


def in_turn(rounds: int, *commands: list[object]) -> list[list[float]]:
    """CPU seconds of each command, round by round, one after the other."""
    return [
        list(column)
        for column in zip(
            *[[cpu(command) for command in commands] for _round in range(rounds)], strict=True
        )
    ]


def compare(folder: Path, rounds: int) -> Iterator[Row | str]:
    from media import codec, ffmpeg

    encode_only: list[list[object]] = []
    for number in range(FEW):
        raw_frames(folder / f"picture-{number}.jpg", raw := folder / f"frames-{number}.yuv")
        source = [
            "-f",
            "rawvideo",
            "-pixel_format",
            "yuv420p",
            "-video_size",
            f"{SIZE[0]}x{SIZE[1]}",
            "-framerate",
            FPS,
            "-i",
            raw,
        ]
        encode_only.append(
            [
                ffmpeg.binary(),
                "-v",
                "error",
                "-y",
                *source,
                "-vf",
                codec.COLOR_TAGS,
                *codec.video_settings(FPS),
                folder / "floor.mp4",
            ]
        )
    few, alone, *least = in_turn(
        rounds,
        task("studio_film", folder, folder / "few.mp4", "few"),
        task("studio_scene", folder / "picture-0.jpg", folder / "a.mp4"),
        *encode_only,
    )
    for number in range(FEW):
        (folder / f"frames-{number}.yuv").unlink()
    yield Row(
        f"film of {FEW} scenes with captions : only encoding its frames",
        "<= 1.6",
        few,
        [sum(column) for column in zip(*least, strict=True)],
    )
    yield Row("one scene alone, start of Python included : its encoding", "", alone, least[0])
    yield from moviepy_rows(folder, rounds)
    full, one = in_turn(
        max(1, rounds // 2),
        task("studio_film", folder, folder / "film.mp4", "all"),
        task("studio_film", folder, folder / "film.mp4", "one"),
    )
    yield Row("one scene of nine changed : the whole film", "<= 0.14", one, full)
    yield from with_sound(folder, rounds)
    names = folder / "names.txt"
    names.write_text("".join(f"file '{folder}/scene-{number}.mp4'\n" for number in range(SCENES)))
    again = [
        ffmpeg.binary(),
        "-v",
        "error",
        "-y",
        "-f",
        "concat",
        "-safe",
        0,
        "-i",
        names,
        *codec.video_settings(FPS),
        folder / "again.mp4",
    ]
    joined, encoded = in_turn(
        max(1, rounds // 2), task("studio_join", folder, folder / "film.mp4"), again
    )
    yield Row("join by copying : join by encoding again", "<= 0.020", joined, encoded)


def with_sound(folder: Path, rounds: int) -> Iterator[Row]:
    """A film of 63 s with speech in each scene, and music. What is measured once stands in every
    row that it is a part of.
    """
    sounds(folder)
    command = [str(part) for part in task("studio_parts", folder, folder / "sounding.mp4")]
    runs = [
        json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
        for _round in range(max(3, rounds // 2))
    ]
    mixed, start = [run["sound"] for run in runs], [run["start"] for run in runs]
    pictures = [run["scenes"] + run["join"] for run in runs]
    rest = [run["join"] + run["sound"] for run in runs]
    line = [run["scene"] + run["join"] + run["sound"] for run in runs]
    whole = [run["scenes"] + run["join"] + run["sound"] for run in runs]
    yield Row("start of Python with its modules : the whole film", "", start, whole)
    yield Row("last segment is there, until the film is : the whole film", "<= 0.08", rest, whole)
    yield Row("one line changed, captions burnt in : the whole film", "", line, whole)
    yield Row("one line changed, captions beside the film : the whole film", "<= 0.1", rest, whole)
    yield Row("the sound of the film : its picture", "<= 0.10", mixed, pictures)


def moviepy_rows(folder: Path, rounds: int) -> Iterator[Row | str]:
    if not PEER.exists():
        yield "MoviePy: left out, `make bench` makes the environment it runs in"
        return
    picture = folder / "picture-0.jpg"
    for preset in ("", "veryfast"):
        ours, peer = in_turn(
            max(1, rounds // 2),
            task("studio_scene", picture, folder / "studio.mp4"),
            task("moviepy_scene", picture, folder / "moviepy.mp4", preset, python=PEER),
        )
        yield Row(
            f"the same scene : MoviePy 2.2, preset {preset or 'as it comes'}",
            "" if preset else "<= 0.200",
            ours,
            peer,
        )


def jitter(folder: Path) -> Iterator[str]:
    """Shift of encoded frames against the ideal move (four times the size, Lanczos) in four
    windows, by phase correlation.
    """
    import cv2
    import numpy as np
    from PIL import Image

    from media import camera, ffmpeg
    from media.image_segment import cover_size, encode_still

    pixels = np.asarray(Image.open(folder / "picture-0.jpg").convert("RGB"), np.float32)
    luma = (pixels @ np.array([0.2126, 0.7152, 0.0722], np.float32)) * 219 / 255 + 16
    cover = cover_size((1920, 1080), SIZE)
    large = cv2.resize(
        luma, (round(cover[0] * 4), round(cover[1] * 4)), interpolation=cv2.INTER_LANCZOS4
    )
    hann = cv2.createHanningWindow((256, 256), cv2.CV_64F)
    for move in ("push_in", "pan_left", "tilt_up"):
        out = folder / "jitter.mp4"
        encode_still(folder / "picture-0.jpg", out, frames=FRAMES, size=SIZE, fps=FPS, camera=move)
        fourth = [
            "-vf",
            "select=not(mod(n\\,4))",
            "-fps_mode",
            "passthrough",
            "-pix_fmt",
            "gray",
            "-f",
            "rawvideo",
            "pipe:1",
        ]
        read = subprocess.run(
            [ffmpeg.binary(), "-v", "error", "-i", out, *fourth], capture_output=True, check=True
        )
        shown = np.frombuffer(read.stdout, np.uint8).reshape(-1, SIZE[1], SIZE[0])
        shifts = []
        for window, frame in zip(
            camera.path(move, frames=FRAMES, size=SIZE, cover=cover)[::4], shown, strict=True
        ):
            fine = 1 / window.zoom
            start = [
                4 * center - 2 * side * fine + (fine - 1) / 2
                for center, side in ((window.x, SIZE[0]), (window.y, SIZE[1]))
            ]
            matrix = np.array([[fine, 0, start[0]], [0, fine, start[1]]])
            drawn = cv2.warpAffine(
                large,
                matrix,
                (SIZE[0] * 4, SIZE[1] * 4),
                flags=cv2.INTER_LANCZOS4 | cv2.WARP_INVERSE_MAP,
                borderMode=cv2.BORDER_REPLICATE,
            )
            wanted = cv2.resize(drawn, SIZE, interpolation=cv2.INTER_AREA)
            views = [(slice(y, y + 256), slice(x, x + 256)) for x in (100, 900) for y in (60, 400)]
            shifts += [
                cv2.phaseCorrelate(
                    frame[view].astype(np.float64), wanted[view].astype(np.float64), hann
                )[0]
                for view in views
            ]
        off = np.array(shifts)
        yield (
            f"{'steadiness of ' + move + ', px rms / max':<58} "
            f"{math.sqrt((off**2).sum(axis=1).mean()):>7.3f} / {np.abs(off).max():.3f}  <= "
            f"0.10 / 0.25"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--sound", action="store_true", help="only the rows of sound")
    parser.add_argument("--task", default="")
    parser.add_argument("arguments", nargs="*")
    asked = parser.parse_args()
    if asked.task:
        tasks: dict[str, Callable[..., None]] = {
            "studio_scene": studio_scene,
            "studio_film": studio_film,
            "studio_join": studio_join,
            "studio_parts": studio_parts,
            "moviepy_scene": moviepy_scene,
        }
        tasks[asked.task](*[Path(word) if "/" in word else word for word in asked.arguments])
        return
    print(
        f"Film, {SIZE[0]}x{SIZE[1]} at {FPS}: CPU of ours : the other's; {asked.rounds} "
        f"rounds in turn\n"
    )
    print(f"{'':<58} {'median':>7} {'[min-max]':<15} {'bar':<9} {'ours s':>7} {'other s':>8}")
    with tempfile.TemporaryDirectory(prefix="bench-film-") as name:
        folder = Path(name)
        for number in range(SCENES):
            photograph(folder / f"picture-{number}.jpg", number)
        for row in (with_sound if asked.sound else compare)(folder, asked.rounds):
            print(row, flush=True)
        if not asked.sound:
            for line in jitter(folder):
                print(line, flush=True)


if __name__ == "__main__":
    main()
