import math
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from media.audio import loudness
from media.audio import tracks as tracks_module
from media.audio.mix import Levels, Mixed, MusicBed, Placed, _Master, broadcast, mix
from media.audio.tracks import OFF, place, sample_at
from media.errors import MediaError
from tests.media.audio.sound import RATE, click, decoded, rms_db, save, tone, voice
from tests.media.film import make_clip

ROOT = Path(__file__).resolve().parents[3]


def mixed(tmp_path, *, frames=240, fps=24, speech=(), **more) -> tuple[Mixed, np.ndarray]:
    out = tmp_path / "mix.m4a"
    found = mix(out, frames=frames, fps=fps, speech=speech, folder=tmp_path, **more)
    assert [path for path in tmp_path.iterdir() if path.name.startswith(("mix-", "."))] == []
    return found, decoded(out)


def placed(tmp_path, *, frames=240, fps=24, speech=(), **more):
    more.setdefault("levels", Levels())
    return place(
        frames=frames,
        fps=fps,
        speech=speech,
        folder=tmp_path,
        should_stop=lambda: False,
        on_progress=lambda _part: None,
        **more,
    )


def samples_of(tracks, names):
    return np.concatenate(list(tracks.blocks(names)))


# --- place: to the sample ---


def test_clicks_of_257_scenes_of_7_seconds_are_placed_exactly(tmp_path):
    given = save(tmp_path / "click.wav", click())
    tracks = placed(
        tmp_path, frames=257 * 168, speech=[Placed(given, scene * 168) for scene in range(257)]
    )
    assert tracks.samples == 86_352_000
    found = []
    for second, block in enumerate(tracks.blocks(["speech"])):
        loud = np.flatnonzero(np.abs(block[:, 0]) > 0.5 * 0.9 * np.abs(block).max(initial=0.01))
        if np.abs(block).max() > 0.1:
            found.append(second * RATE + int(loud[0]))
    assert found == [scene * 336_000 for scene in range(257)]


@pytest.mark.moderate
def test_clicks_of_a_finished_mix_are_at_their_frames(tmp_path):
    given = save(tmp_path / "click.wav", click())
    starts = [0, 1, 25, 26, 100, 101, 143]
    found, samples = mixed(tmp_path, frames=144, speech=[Placed(given, start) for start in starts])
    assert (found.samples, len(samples)) == (288_000, 288_000)
    for start in starts:
        around = np.abs(samples[max(0, start * 2000 - 900) : start * 2000 + 900, 0])
        assert int(around.argmax()) == min(900, start * 2000)


@pytest.mark.parametrize(
    ("fps", "frames", "samples"),
    [(24, 37, 74_000), (25, 1, 1920), (30, 7, 11_200), (60, 61, 48_800), (7, 3, 20_571)],
)
def test_every_length_is_exact(tmp_path, fps, frames, samples):
    given = save(tmp_path / "tone.wav", tone(0.5))
    found, heard = mixed(tmp_path, fps=fps, frames=frames, speech=[Placed(given, 0)])
    assert (found.samples, len(heard), sample_at(frames, fps)) == (samples, samples, samples)


# --- loudness ---


@pytest.mark.moderate
def test_the_outline_is_that_of_the_finished_mix(tmp_path):
    speech = save(tmp_path / "speech.wav", voice(3))
    music = save(tmp_path / "music.wav", np.stack([tone(4, hertz=220), tone(4, hertz=330)], 1))
    found, samples = mixed(
        tmp_path,
        speech=[Placed(speech, 12), Placed(speech, 130)],
        music=[MusicBed(music, 0, 240)],
        outline=40,
    )
    heard = np.abs(samples).max(axis=1).reshape(40, -1).max(axis=1) * 100
    assert len(found.outline) == 40
    assert np.abs(np.asarray(found.outline) - heard).max() <= 12
    assert np.corrcoef(found.outline, heard)[0, 1] > 0.99


@pytest.mark.moderate
def test_speech_and_music_meet_the_target(tmp_path):
    speech = save(tmp_path / "speech.wav", voice(3))
    music = save(tmp_path / "music.wav", np.stack([tone(4, hertz=220), tone(4, hertz=330)], 1))
    found, _samples = mixed(
        tmp_path, speech=[Placed(speech, 12), Placed(speech, 130)], music=[MusicBed(music, 0, 240)]
    )
    assert found.integrated == pytest.approx(-14, abs=0.3)
    assert found.true_peak <= -1.0
    assert not found.silent
    assert loudness.measure(tmp_path / "mix.m4a").integrated == found.integrated


@pytest.mark.moderate
def test_what_the_limiter_takes_is_known_before_anything_is_encoded(tmp_path, monkeypatch):
    encoded, encode = [], _Master._encode
    monkeypatch.setattr(
        _Master, "_encode", lambda self, *given: encoded.append(given) or encode(self, *given)
    )
    dull = np.sign(voice(9.0)) * np.abs(voice(9.0)) ** 1.2
    for _time in range(2):  # as little treble as speech has
        dull = np.convolve(dull, np.ones(96) / 96, "same")
    given = save(tmp_path / "voice.wav", dull / np.abs(dull).max())
    found, _samples = mixed(tmp_path, speech=[Placed(given, 12)])
    tracks = samples_of(placed(tmp_path, speech=[Placed(given, 12)]), None)
    loudest = 20 * np.log10(np.abs(tracks).max()) + found.gain_db
    assert loudest > -1  # it is limited
    assert len(encoded) == 1
    assert abs(found.integrated + 14) <= 0.15
    assert found.true_peak <= -1


@pytest.mark.parametrize(("kind", "target"), [("r128", -23), ("tv", -24)])
@pytest.mark.moderate
def test_broadcast_presets(tmp_path, kind, target):
    speech = save(tmp_path / "speech.wav", voice(3))
    found, _samples = mixed(tmp_path, speech=[Placed(speech, 12)], levels=broadcast(kind))
    assert found.integrated == pytest.approx(target, abs=0.3)
    assert found.true_peak <= -2.0


@pytest.mark.parametrize("seconds", [0.2, 0.5, 2.5])
def test_film_shorter_than_three_seconds_meets_the_target(tmp_path, seconds):
    speech = save(tmp_path / "speech.wav", voice(seconds))
    found, _samples = mixed(
        tmp_path, fps=30, frames=round(seconds * 30), speech=[Placed(speech, 0)]
    )
    assert found.integrated == pytest.approx(-14, abs=0.3)
    assert found.true_peak <= -1.0


@pytest.mark.parametrize("level", [0.05, 0.4])
def test_quiet_and_loud_speech_come_to_one_level(tmp_path, level):
    first = save(tmp_path / "first.wav", voice(4, level=0.1))
    second = save(tmp_path / "second.wav", voice(4, level=level))
    tracks = placed(tmp_path, speech=[Placed(first, 0), Placed(second, 120)])
    heard = samples_of(tracks, ["speech"])
    assert rms_db(heard[: 4 * RATE]) == pytest.approx(rms_db(heard[5 * RATE : 9 * RATE]), abs=0.7)


def test_gain_of_an_item_is_added(tmp_path):
    given = save(tmp_path / "speech.wav", voice(4))
    tracks = placed(tmp_path, speech=[Placed(given, 0), Placed(given, 120, gain_db=-6.0)])
    heard = samples_of(tracks, ["speech"])
    assert rms_db(heard[: 4 * RATE]) - rms_db(heard[5 * RATE : 9 * RATE]) == pytest.approx(
        6, abs=0.01
    )


# --- music ---


def music_level(tmp_path, levels) -> tuple[float, float]:
    """The level of the music alone and under speech."""
    speech = save(tmp_path / "speech.wav", voice(4))
    music = save(tmp_path / "music.wav", tone(20, hertz=440))
    tracks = placed(
        tmp_path,
        frames=480,
        speech=[Placed(speech, 240)],
        music=[MusicBed(music, 0, 480)],
        levels=levels,
    )
    heard = samples_of(tracks, ["music"])
    return rms_db(heard[3 * RATE : 9 * RATE]), rms_db(heard[10 * RATE : 13 * RATE])


@pytest.mark.parametrize(
    ("levels", "depth"),
    [
        (Levels(), 8),
        (Levels(duck_db=0), 0),
        (Levels(duck_db=5), 5),
        (Levels(music=-40), 12),
        (Levels(music=-10), 0),
    ],
)
def test_music_is_lowered_under_speech(tmp_path, levels, depth):
    alone, under = music_level(tmp_path, levels)
    assert alone - under == pytest.approx(depth, abs=0.1)


def test_music_has_fallen_when_the_voice_begins_and_rises_after_it(tmp_path):
    speech = save(tmp_path / "speech.wav", tone(2))
    music = save(tmp_path / "music.wav", tone(20))
    tracks = placed(
        tmp_path, frames=480, speech=[Placed(speech, 240)], music=[MusicBed(music, 0, 480)]
    )
    gain = 20 * np.log10(tracks.ducking.gain(0, 20 * RATE))
    assert gain[: 9 * RATE + 40_000].max() == gain[: 9 * RATE + 40_000].min() == 0
    assert gain[10 * RATE] == pytest.approx(-8, abs=0.6)
    assert gain[12 * RATE] == pytest.approx(-8, abs=0.01)
    assert gain[13 * RATE + 30_000] == 0


def test_music_goes_on_unheard_in_gaps_and_does_not_begin_again(tmp_path):
    early, late = tone(5, hertz=300), tone(5, hertz=600)
    music = save(tmp_path / "music.wav", np.concatenate([early, late]))
    bed = MusicBed(music, 0, 240, gaps=[(72, 96), (96, 168), (216, 240)])
    heard = samples_of(placed(tmp_path, music=[bed]), ["music"])
    plain = samples_of(placed(tmp_path, music=[MusicBed(music, 0, 240)]), ["music"])
    quarter = RATE // 4
    for begin, end in ((0, 3 * RATE - quarter), (7 * RATE + quarter, 9 * RATE - quarter)):
        assert np.array_equal(heard[begin:end], plain[begin:end])
    for begin, end in ((3, 7), (9, 10)):
        assert np.abs(heard[begin * RATE : end * RATE]).max() == 0
    # Half as loud in the middle of a fade, which lies outside of the gap.
    for middle in (3 * RATE - quarter // 2, 7 * RATE + quarter // 2):
        part = slice(middle - 480, middle + 480)
        assert rms_db(heard[part]) - rms_db(plain[part]) == pytest.approx(-6, abs=0.1)
    steps = np.abs(np.diff(heard[:, 0]))
    assert steps.max() <= np.abs(np.diff(plain[:, 0])).max() * 1.01, "nothing clicks"


def test_a_gap_of_the_whole_bed_leaves_silence(tmp_path):
    music = save(tmp_path / "music.wav", tone(10))
    bed = MusicBed(music, 0, 240, gaps=[(0, 240)])
    assert np.abs(samples_of(placed(tmp_path, music=[bed]), ["music"])).max() == 0


def test_parts_of_the_music_fade_shortly_within_the_film(tmp_path):
    music = save(tmp_path / "music.wav", tone(6))
    beds = [MusicBed(music, 0, 120, is_part=True), MusicBed(music, 120, 240, is_part=True)]
    heard = samples_of(placed(tmp_path, music=beds), ["music"])
    level = rms_db(heard[2 * RATE : 4 * RATE])
    quarter = RATE // 4
    for begin in (4 * RATE, 5 * RATE + quarter):  # up to the fade out, and after the fade in
        loud = rms_db(heard[begin : begin + 2 * quarter])
        assert loud == pytest.approx(level, abs=0.2)
    assert np.abs(heard[5 * RATE - 24 : 5 * RATE + 24]).max() < 0.002
    # At the ends of the film as other music does.
    assert rms_db(heard[:quarter]) < level - 10
    assert rms_db(heard[-2 * quarter :]) < level - 10


def test_music_fades_in_and_out(tmp_path):
    music = save(tmp_path / "music.wav", tone(20))
    heard = samples_of(placed(tmp_path, frames=480, music=[MusicBed(music, 24, 456)]), ["music"])
    middle = rms_db(heard[9 * RATE : 11 * RATE])
    assert np.abs(heard[:RATE]).max() == 0
    assert rms_db(heard[RATE : RATE + 4800]) < middle - 20
    assert rms_db(heard[2 * RATE : 2 * RATE + 4800]) == pytest.approx(middle, abs=0.1)
    assert rms_db(heard[19 * RATE - 9600 : 19 * RATE]) < middle - 20
    assert np.abs(heard[19 * RATE :]).max() == 0


def test_short_music_is_repeated_without_a_gap(tmp_path):
    music = save(
        tmp_path / "music.wav",
        voice(3, seed=5) * 0 + np.random.default_rng(5).normal(size=3 * RATE) * 0.05,
    )
    heard = samples_of(placed(tmp_path, frames=480, music=[MusicBed(music, 0, 480)]), ["music"])
    levels = [rms_db(heard[at : at + RATE // 5]) for at in range(2 * RATE, 17 * RATE, RATE // 5)]
    assert max(levels) - min(levels) < 1


# --- clips ---


def test_clip_sound_is_cut_at_its_scene_or_fades_before_it(tmp_path):
    clip = save(tmp_path / "clip.wav", tone(4))
    heard = samples_of(
        placed(tmp_path, clips=[Placed(clip, 0, 72), Placed(clip, 96, 144)]), ["clips"]
    )
    level = np.abs(heard).max()
    assert np.abs(heard[3 * RATE - 1200 : 3 * RATE - 960]).max() == pytest.approx(level, rel=0.01)
    assert np.abs(heard[3 * RATE - 20 : 3 * RATE]).max() < level / 20
    assert np.abs(heard[3 * RATE : 4 * RATE]).max() == 0
    assert np.abs(heard[8 * RATE - 6500 : 8 * RATE - 5500]).max() == pytest.approx(
        level / 2, rel=0.1
    )
    assert np.abs(heard[8 * RATE :]).max() == 0


@pytest.mark.moderate
def test_sound_after_the_end_of_the_film_is_cut(tmp_path):
    found, samples = mixed(
        tmp_path,
        frames=24,
        speech=[Placed(save(tmp_path / "a.wav", voice(5)), 12), Placed(tmp_path / "a.wav", 99)],
    )
    assert (found.samples, len(samples)) == (48_000, 48_000)


@pytest.mark.moderate
def test_files_that_are_decoded_together_keep_their_places_and_levels(tmp_path):
    """Twenty files of other lengths and levels, in three processes."""
    given = [
        save(tmp_path / f"{number}.wav", tone(0.5 + number / 100, level=0.04 + number / 100))
        for number in range(20)
    ]
    tracks = placed(
        tmp_path, frames=480, sounds=[Placed(path, 24 * at) for at, path in enumerate(given)]
    )
    for number, item in enumerate(tracks.items["sounds"]):
        assert (item.start, item.end - item.start) == (RATE * number, 24_000 + 480 * number)
    heard = samples_of(tracks, ["sounds"])
    levels = [rms_db(heard[RATE * at : RATE * at + 24_000]) for at in range(20)]
    assert max(levels) - min(levels) < 0.15


def test_a_silent_clip_among_others_leaves_them_heard(tmp_path):
    clip = make_clip(tmp_path / "silent.mp4")
    speech = save(tmp_path / "speech.wav", voice(2))
    sounding = save(tmp_path / "clip.wav", tone(1))
    tracks = placed(
        tmp_path,
        speech=[Placed(speech, 0)],
        clips=[Placed(clip, 0, 24), Placed(sounding, 48, 24), Placed(clip, 96, 24)],
    )
    assert {name: len(items) for name, items in tracks.items.items()} == {"speech": 1, "clips": 1}
    assert tracks.items["clips"][0].start == 2 * RATE


def test_a_summary_that_errors_push_out_of_the_report_is_measured_again(tmp_path, monkeypatch):
    """As a damaged file does, which is decoded beside another that ends earlier."""
    decode = tracks_module.decode

    def without_the_first(wanted, **options):
        report = decode(wanted, **options)
        return report if len(wanted) == 1 else report[report.rindex("[ebur128@") :]

    monkeypatch.setattr(tracks_module, "decode", without_the_first)
    given = [save(tmp_path / f"{level}.wav", tone(1, level=level)) for level in (0.1, 0.4)]
    tracks = placed(tmp_path, sounds=[Placed(given[0], 0), Placed(given[1], 48)])
    first, second = (item.source.integrated for item in tracks.items["sounds"])
    assert second - first == pytest.approx(12, abs=0.11)


@pytest.mark.moderate
def test_clip_without_sound_is_left_out(tmp_path):
    clip = make_clip(tmp_path / "silent.mp4")
    speech = save(tmp_path / "speech.wav", voice(2))
    found, _samples = mixed(tmp_path, speech=[Placed(speech, 0)], clips=[Placed(clip, 0, 24)])
    assert not found.silent


# --- silence ---


@pytest.mark.parametrize("given", [None, np.zeros(RATE), tone(1, level=0.00002)])
@pytest.mark.moderate
def test_nothing_audible_is_room_tone_and_said(tmp_path, given):
    speech = [] if given is None else [Placed(save(tmp_path / "quiet.wav", given), 24)]
    found, samples = mixed(tmp_path, speech=speech)
    assert (found.silent, found.integrated, found.samples) == (True, None, 480_000)
    assert rms_db(samples) == pytest.approx(-60, abs=0.5)


@pytest.mark.moderate
def test_everything_muted_is_silent(tmp_path):
    speech = save(tmp_path / "speech.wav", voice(2))
    found, samples = mixed(
        tmp_path, speech=[Placed(speech, 0)], levels=Levels(speech=OFF, room_tone=OFF)
    )
    assert (found.silent, found.samples, found.true_peak) == (True, 480_000, -math.inf)
    assert np.abs(samples).max() == 0


# --- what goes wrong ---


@pytest.mark.parametrize(
    "content", [b"", b"not a sound", b"RIFF\x24\x00\x00\x00WAVEfmt ", b"#EXTM3U\n/etc/passwd\n"]
)
def test_broken_file(tmp_path, content):
    (tmp_path / "broken.wav").write_bytes(content)
    with pytest.raises(MediaError) as caught:
        mix(
            tmp_path / "out.m4a",
            frames=24,
            fps=24,
            speech=[Placed(tmp_path / "broken.wav", 0)],
            folder=tmp_path,
        )
    assert caught.value.code == "broken_input"
    assert [path.name for path in tmp_path.iterdir()] == ["broken.wav"]


def test_a_broken_file_among_others(tmp_path):
    whole = save(tmp_path / "whole.wav", tone(1))
    (tmp_path / "broken.wav").write_bytes(b"not a sound")
    with pytest.raises(MediaError) as caught:
        mix(
            tmp_path / "out.m4a",
            frames=24,
            fps=24,
            speech=[Placed(whole, 0)],
            sounds=[Placed(tmp_path / "broken.wav", 0), Placed(whole, 0)],
            folder=tmp_path,
        )
    assert caught.value.code == "broken_input"
    assert {path.name for path in tmp_path.iterdir()} == {"broken.wav", "whole.wav"}


def test_missing_file(tmp_path):
    with pytest.raises(MediaError) as caught:
        mix(
            tmp_path / "out.m4a",
            frames=24,
            fps=24,
            speech=[Placed(tmp_path / "none.wav", 0)],
            folder=tmp_path,
        )
    assert caught.value.code == "broken_input"


@pytest.mark.parametrize("asked", [1, 3, 12])
def test_stop_leaves_nothing(tmp_path, asked):
    speech = save(tmp_path / "speech.wav", voice(2))
    count = 0

    def should_stop():
        nonlocal count
        count += 1
        return count > asked

    with pytest.raises(MediaError) as caught:
        mix(
            tmp_path / "out.m4a",
            frames=24 * 60,
            fps=24,
            speech=[Placed(speech, 0)],
            folder=tmp_path,
            should_stop=should_stop,
        )
    assert caught.value.code == "stopped"
    assert [path.name for path in tmp_path.iterdir()] == ["speech.wav"]


LIMITED = """
import resource, sys
from pathlib import Path
from media.audio.mix import Placed, mix
from media.errors import MediaError
folder = Path(sys.argv[1])
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), int(sys.argv[2])))
try:
    mix(folder / "out.m4a", frames=240, fps=24,
        speech=[Placed(folder / "speech.wav", 0)], folder=folder)
except MediaError as error:
    print(error.code)
"""


@pytest.mark.parametrize("limit", [100_000, 2_000_000])
@pytest.mark.moderate
def test_full_disk_by_file_size_limit(tmp_path, limit):
    """100 kB are too few for the decoded speech; of 2 MB the speech takes its 1.5, and the mix
    fits.
    """
    save(tmp_path / "speech.wav", voice(4))
    environment = {
        **os.environ,
        "PYTHONPATH": f"{ROOT}:{ROOT / 'site'}",
        "DJANGO_SETTINGS_MODULE": "config.settings",
    }
    done = subprocess.run(
        [sys.executable, "-c", LIMITED, tmp_path, str(limit)],
        capture_output=True,
        text=True,
        env=environment,
        check=True,
    )
    assert done.stdout.split() == (["disk_full"] if limit == 100_000 else [])
    assert {path.name for path in tmp_path.iterdir()} == {
        "speech.wav",
        *(["out.m4a"] if limit > 100_000 else []),
    }


@pytest.mark.moderate
def test_full_disk_where_the_film_goes(tmp_path):
    disk, work = tmp_path / "disk", tmp_path / "work"
    disk.mkdir()
    work.mkdir()
    if subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=32k", "tmpfs", disk], capture_output=True, check=False
    ).returncode:
        pytest.skip("mounting a small disk needs root")
    try:
        speech = save(work / "speech.wav", voice(4))
        with pytest.raises(MediaError) as caught:
            mix(disk / "out.m4a", frames=240, fps=24, speech=[Placed(speech, 0)], folder=work)
        assert caught.value.code == "disk_full"
        assert list(disk.iterdir()) == []
        assert [path.name for path in work.iterdir()] == ["speech.wav"]
        assert (
            mix(
                tmp_path / "out.m4a", frames=240, fps=24, speech=[Placed(speech, 0)], folder=work
            ).samples
            == 480_000
        )
    finally:
        subprocess.run(["umount", disk], check=True)


def test_sound_before_the_film_is_an_error_of_the_caller(tmp_path):
    with pytest.raises(ValueError, match="starts with a frame"):
        mix(
            tmp_path / "out.m4a",
            frames=24,
            fps=24,
            speech=[Placed(tmp_path / "a.wav", -1)],
            folder=tmp_path,
        )


@pytest.mark.moderate
def test_progress_rises_to_one(tmp_path):
    parts = []
    mixed(
        tmp_path,
        speech=[Placed(save(tmp_path / "speech.wav", voice(2)), 0)],
        on_progress=parts.append,
    )
    assert parts == sorted(parts)
    assert (parts[0], parts[-1]) == (0, 1)


@pytest.mark.moderate
def test_same_input_same_bytes(tmp_path):
    speech = save(tmp_path / "speech.wav", voice(2))
    for name in ("a.m4a", "b.m4a"):
        mix(tmp_path / name, frames=72, fps=24, speech=[Placed(speech, 0)], folder=tmp_path)
    assert (tmp_path / "a.m4a").read_bytes() == (tmp_path / "b.m4a").read_bytes()
