"""Script files that people bring."""

import io
import zipfile

import pytest
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from stories.admin.scripts import MOST_BYTES, text_of
from stories.models import Story

DOCUMENT = (
    '<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body>'
    "<w:p><w:r><w:t>바다로 </w:t></w:r><w:r><w:t>간다.</w:t></w:r></w:p><w:p/><w:p><w:r><w:t>A light.</w:t></w:r></w:p>"
    "</w:body></w:document>"
)


def _docx(xml):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("word/document.xml", xml)
    return out.getvalue()


@pytest.mark.parametrize(
    ("name", "data", "text"),
    [
        ("a.txt", "\ufeffA boat.\r\nA light.\r\n".encode(), "A boat.\nA light."),
        ("a.TXT", "바다로 간다.".encode("cp949"), "바다로 간다."),
        ("a.txt", "바다로 간다.".encode("utf-16"), "바다로 간다."),
        ("a.md", b"# The sea\n\n- A **boat** [leaves](http://x).\n\n---\n\n![x](y.png)\n> A *light*.", "The sea\n\nA boat leaves.\n\nA light."),
        ("a.fountain", b"Title: The sea\nAuthor: Mina\n\nINT. BOAT\n\nA light. [[why?]] /* no */", "INT. BOAT\n\nA light."),
        ("a.docx", _docx(DOCUMENT), "바다로 간다.\n\nA light."),
    ],
)
def test_text_of_a_file(name, data, text):
    assert text_of(name, data) == text


@pytest.mark.parametrize(
    ("name", "data", "why"),
    [
        ("a.pdf", b"%PDF", "This kind of file cannot be read"),
        ("a", b"text", "This kind of file cannot be read"),
        ("a.txt", b"x" * (MOST_BYTES + 1), "The file is too large."),
        ("a.txt", b"\xff\xff\xff", "cannot be read; save it as UTF-8."),
        ("a.docx", b"no archive", "This is not a Word document that can be read."),
        ("a.docx", _docx("<broken"), "This is not a Word document that can be read."),
    ],
)
def test_file_that_cannot_be_read(name, data, why):
    with pytest.raises(ValidationError, match=why):
        text_of(name, data)


FORM = {"title": "The sea", "script": "", "duration_seconds": "21", "aspect_ratio": "16:9", "language": "en", "style": ""}


@pytest.mark.django_db
def test_new_story_from_a_file(owner, as_):
    response = as_(owner).post(reverse("admin:stories_story_add"), {**FORM, "script_file": SimpleUploadedFile("a.docx", _docx(DOCUMENT))})
    assert response.status_code == 302
    assert Story.objects.get().script == "바다로 간다.\n\nA light."


@pytest.mark.django_db
def test_new_story_from_a_file_that_cannot_be_read(owner, as_):
    response = as_(owner).post(reverse("admin:stories_story_add"), {**FORM, "script_file": SimpleUploadedFile("a.pdf", b"%PDF")})
    assert set(response.context["adminform"].form.errors) == {"script_file"}
    assert not Story.objects.exists()
