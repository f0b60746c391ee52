"""Sound files that were cut short are noticed, whatever their format."""

import pytest

from media import audio_import, ffmpeg
from media.errors import MediaError

SECONDS = 6
FORMATS = {
    "wav": (),
    "aiff": (),
    "flac": (),
    "mp3": (),
    "without-head.mp3": ("-b:a", "128k", "-write_xing", "0"),
    "vorbis.ogg": ("-c:a", "libvorbis"),
    "opus.ogg": ("-c:a", "libopus"),
    "m4a": (),
    "faststart.m4a": ("-movflags", "+faststart"),
    "aac": (),
    "webm": ("-c:a", "libopus"),
}


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A tone in each format."""
    folder, files = tmp_path_factory.mktemp("sounds"), {}
    for name, options in FORMATS.items():
        container = {"m4a": "ipod", "aac": "adts"}.get(name.split(".")[-1], name.split(".")[-1])
        files[name] = folder / f"whole.{name}"
        ffmpeg.run(
            ["-f", "lavfi", "-i", f"sine=440:duration={SECONDS}", *options, "-f", container],
            out=files[name],
        )
    return files


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.moderate
def test_a_whole_file_is_read_and_a_cut_one_refused_with_words(name, whole, tmp_path):
    content, sent, out = whole[name].read_bytes(), tmp_path / "sent", tmp_path / "out.flac"
    sent.write_bytes(content)
    found = audio_import.clean_file(str(sent), str(out), 1, must_be_whole=True)
    assert found["silent"] is False
    assert abs(found["samples"] - SECONDS * 48_000) < 4_800
    for part in (0.999, 0.7, 0.5):
        sent.write_bytes(content[: int(len(content) * part)])
        with pytest.raises(MediaError) as error:
            audio_import.clean_file(str(sent), str(out), 1, must_be_whole=True)
        assert error.value.code == "broken_input"
        assert "not complete" in str(error.value) or "can be read" in str(error.value), part


@pytest.mark.moderate
def test_the_limited_process_says_it_too(whole, tmp_path):
    sent = tmp_path / "sent"
    sent.write_bytes(whole["mp3"].read_bytes()[:-2000])
    with pytest.raises(MediaError, match="the file ends before its end"):
        audio_import.ingested(sent, tmp_path / "out.flac", channels=1, must_be_whole=True)


def test_a_wav_of_unknown_length_is_read(whole, tmp_path):
    """Programs that write to a pipe cannot state the length at the front."""
    content = bytearray(whole["wav"].read_bytes())
    at = content.index(b"data") + 4
    content[4:8] = content[at : at + 4] = b"\xff\xff\xff\xff"
    (tmp_path / "sent").write_bytes(content)
    found = audio_import.clean_file(
        str(tmp_path / "sent"), str(tmp_path / "out.flac"), 1, must_be_whole=True
    )
    assert found["samples"] == SECONDS * 48_000


def test_tags_around_an_mp3_are_no_part_of_it(whole, tmp_path):
    for name in ("mp3", "without-head.mp3"):
        content = whole[name].read_bytes() + b"TAG" + bytes(125)
        (tmp_path / "sent").write_bytes(content)
        found = audio_import.clean_file(
            str(tmp_path / "sent"), str(tmp_path / "out.flac"), 1, must_be_whole=True
        )
        assert abs(found["samples"] - SECONDS * 48_000) < 4_800
