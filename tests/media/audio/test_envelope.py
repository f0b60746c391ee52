import numpy as np
import pytest

from media import ffmpeg
from media.audio import loudness
from media.audio.envelope import Envelope, by_step
from media.audio.mix import RAW, _limited
from media.audio.tracks import linear
from tests.media.audio.sound import RATE, tone, voice

LIMIT = -2.0


def stereo(samples):
    return np.ascontiguousarray(np.stack([samples, samples], 1), np.float32)


def envelope_of(samples):
    found = Envelope()
    for at in range(0, len(samples), RATE):
        found.add(samples[at : at + RATE])
    return found


def measured(path, filters):
    momentary = []

    def hear(line):
        if line.startswith(loudness.MOMENTARY):
            momentary.append(float(line.removeprefix(loudness.MOMENTARY)))

    code, report = ffmpeg.listen(
        ["-loglevel", "info", *RAW, f"file:{path}", "-af", filters, "-f", "null", "-"], on_line=hear
    )
    assert code == 0
    return loudness.parse(report).integrated, momentary


def test_steps_have_the_highest_sample_and_the_energy_of_all_channels():
    block = np.zeros((5, 2), np.float32)
    block[0], block[1, 1], block[4, 0] = (0.5, -0.25), -0.75, 1
    found = by_step(block, 2)
    assert found.peak.tolist() == [0.75, 0, 1]
    assert found.energy.tolist() == [0.25 + 0.0625 + 0.5625, 0, 1]


def test_peak_is_that_of_all_blocks():
    samples = stereo(tone(2.5))
    samples[70_000] = -0.5
    assert envelope_of(samples).peak == 0.5
    assert Envelope().peak == 0


def test_nothing_is_lost_below_the_limit():
    assert envelope_of(stereo(tone(3, level=0.7))).lost_db(1.1, linear(LIMIT), [-6.0] * 30) == 0


@pytest.mark.parametrize("seconds", [0.05, 0.3])
def test_what_is_shorter_than_a_block_of_loudness_counts_by_its_energy(seconds):
    # A tone of full level, all of it lowered to the limit.
    found = envelope_of(stereo(tone(seconds, level=1.0)))
    assert found.lost_db(1, linear(LIMIT), [-120.0] * 3) == pytest.approx(2.0, abs=0.1)


def sounds():
    speech = voice(8.0)
    lively = np.sign(speech) * np.abs(speech) ** 1.2
    bass = tone(16.0, hertz=50, level=0.06)
    alone = np.concatenate([lively, np.zeros(8 * RATE)])
    return {"speech": speech, "lively": lively, "with bass": alone + bass, "with pause": alone}


@pytest.mark.parametrize("kind", sounds())
@pytest.mark.parametrize("louder", [0, 3, 6])
def test_what_the_limiter_takes_is_estimated(tmp_path, kind, louder):
    samples = stereo(sounds()[kind])
    samples.tofile(tmp_path / "sound.f32")
    before, momentary = measured(tmp_path / "sound.f32", loudness.FILTER_WITH_MOMENTARY)
    gain = -14 + louder - before
    chain = f"{_limited(gain, LIMIT)},{loudness.FILTER}"
    after, _none = measured(tmp_path / "sound.f32", chain)
    lost = envelope_of(samples).lost_db(linear(gain), linear(LIMIT), momentary)
    assert lost == pytest.approx(before + gain - after, abs=0.2, rel=0.25)
