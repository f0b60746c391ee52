"""Scripts in files, and the two samples."""

import re
from pathlib import Path

import pytest

from operations.sample_scripts import SAMPLE_SECONDS, Script, ScriptError, read_script, sample
from providers.backends.local.illustrator.words import read
from providers.backends.local.planner import plan
from providers.requests import TextRequest


def write(folder: Path, content: bytes, name: str = "my_film.txt") -> Path:
    file = folder / name
    file.write_bytes(content)
    return file


def test_title_is_the_first_line_if_it_is_marked(tmp_path: Path) -> None:
    file = write(tmp_path, "# 바다의 노래\n\n바다가 노래합니다. 모두 듣습니다.\n".encode())
    assert read_script(file) == Script(
        "바다의 노래", "바다가 노래합니다. 모두 듣습니다.", "ko", "my_film"
    )


def test_title_is_the_file_name_without_a_mark(tmp_path: Path) -> None:
    assert read_script(write(tmp_path, b"The sea sings.")) == Script(
        "my film", "The sea sings.", "en", "my_film"
    )


def test_named_language_stands(tmp_path: Path) -> None:
    assert read_script(write(tmp_path, b"The sea sings."), language="ko").language == "ko"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp949"])
def test_encodings_of_korean_computers(tmp_path: Path, encoding: str) -> None:
    assert (
        read_script(write(tmp_path, "등대가 보입니다.".encode(encoding))).text == "등대가 보입니다."
    )


def test_korean_name_gives_an_ascii_slug(tmp_path: Path) -> None:
    assert read_script(write(tmp_path, "등대.".encode(), name="등대.txt")).slug == "film"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b"# Only a title\n", "is empty"),
        (b"\xff\xfe\x00\x81", "is not a text file in UTF-8"),
    ],
)
def test_unusable_file_is_said_in_a_sentence(tmp_path: Path, content: bytes, message: str) -> None:
    file = write(tmp_path, content)
    with pytest.raises(ScriptError) as caught:
        read_script(file)
    assert str(caught.value) == f"The script {file} {message}."


def test_missing_file_is_said_in_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(ScriptError) as caught:
        read_script(tmp_path / "none.txt")
    assert (
        str(caught.value)
        == f"The script {tmp_path}/none.txt cannot be read: No such file or directory."
    )


@pytest.mark.parametrize(
    ("language", "slug"), [("ko", "letter-to-the-lighthouse"), ("en", "the-lantern-comes-home")]
)
def test_sample_fills_one_minute_evenly(language: str, slug: str) -> None:
    script = sample(language)
    assert (script.language, script.slug) == (language, slug)
    sentences = re.split(r"(?<=[.!?])\s+", script.text)
    assert len(sentences) == 2 * (SAMPLE_SECONDS // 7)
    lengths = [len(sentence) for sentence in sentences]
    assert max(lengths) <= 1.6 * min(lengths)


def test_every_scene_of_a_sample_asks_for_another_picture() -> None:
    for language in ("ko", "en"):
        request = TextRequest(
            task="plan_story",
            script=sample(language).text,
            scenes=9,
            language=language,
            style="",
            aspect_ratio="16:9",
        )
        readings = [read(scene["prompt"], scene["prompt_en"]) for scene in plan(request)]
        looks = [
            (reading.times[:1], reading.weathers[:1], reading.places[:1], reading.motifs[:1])
            for reading in readings
        ]
        assert len(set(looks)) == len(looks) == 9


def test_unknown_language_is_said_in_a_sentence() -> None:
    with pytest.raises(ScriptError, match="choose ko or en"):
        sample("fr")
