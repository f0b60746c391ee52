"""Small pictures of takes, as a model is shown them."""

from pathlib import Path

import pytest
from PIL import Image

from media.errors import MediaError
from media.stills import stills
from tests.fakes import media


@pytest.mark.parametrize(
    ("size", "wanted"),
    [((1920, 1080), (768, 432)), ((90, 160), (90, 160)), ((900, 1600), (432, 768))],
)
def test_picture_is_made_small_and_never_larger(
    tmp_path: Path, size: tuple[int, int], wanted: tuple[int, int]
) -> None:
    source = tmp_path / "take.png"
    source.write_bytes(media.picture(*size))
    (still,) = stills(source, tmp_path, is_clip=False)
    with Image.open(still) as image:
        assert (image.format, image.size) == ("JPEG", wanted)


@pytest.mark.moderate
def test_clip_has_three_frames_in_order(tmp_path: Path) -> None:
    source = tmp_path / "take.mp4"
    source.write_bytes(media.clip(3, "1280x720"))
    found = stills(source, tmp_path, is_clip=True)
    assert [still.name for still in found] == ["still-0.jpg", "still-1.jpg", "still-2.jpg"]
    images = [Image.open(still) for still in found]
    assert {image.size for image in images} == {(768, 432)}
    assert len({image.tobytes() for image in images}) == 3
    assert not (tmp_path / "frames").exists()


def test_damaged_file_is_refused(tmp_path: Path) -> None:
    source = tmp_path / "take.png"
    source.write_bytes(b"no picture")
    with pytest.raises(MediaError):
        stills(source, tmp_path, is_clip=False)
