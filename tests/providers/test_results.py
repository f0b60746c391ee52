"""What a provider sends is checked as what a person uploads, and its original is kept."""

from pathlib import Path

import pytest
from django.core.files.storage import storages

from media import ffmpeg
from providers import ingest
from providers.adapters import Bytes, Result
from providers.errors import Unclear
from providers.requests import ClipRequest, ImageRequest
from providers.store import workplace

DATA = Path(__file__).parents[1] / "media" / "data"


def taken(name, request):
    content = (DATA / name).read_bytes()
    with workplace() as folder:
        return content, ingest.ingest(
            Result(media=Bytes(content)), request, folder, should_stop=lambda: False
        )


def read(name):
    with storages["media"].open(name) as file:
        return file.read()


@pytest.mark.parametrize("name", ["anamorphic.mp4", "pq-patches.mov", "vp9-alpha.webm"])
def test_a_clip_that_looks_otherwise_is_converted_and_its_original_kept(tmp_path, name):
    content, kept = taken(name, ClipRequest(prompt="a boat"))
    assert (kept["mime"], kept["file"].rsplit(".")[-1]) == ("video/mp4", "mp4")
    assert kept["notes"]
    assert read(kept["original"]["file"]) == content
    copy = tmp_path / "kept.mp4"
    copy.write_bytes(read(kept["file"]))
    facts = ffmpeg.probe(copy)
    assert (facts.video_codec, facts.pix_fmt, facts.sar, facts.hdr) == ("h264", "yuv420p", 1, False)
    assert (facts.width, facts.height) == (kept["width"], kept["height"])


@pytest.mark.parametrize("name", ["truncated-faststart.mp4", "audio-with-cover.m4a", "photo.heic"])
def test_a_clip_that_is_none_or_not_whole_is_never_settled(name):
    with pytest.raises(Unclear):
        taken(name, ClipRequest(prompt="a boat"))


def test_a_picture_with_a_profile_is_converted_and_its_original_kept():
    content, kept = taken("adobergb.jpg", ImageRequest(prompt="a boat"))
    assert (kept["mime"], kept["width"], kept["height"]) == ("image/jpeg", 640, 360)
    assert b"ICC_PROFILE" not in read(kept["file"])
    assert read(kept["original"]["file"]) == content
