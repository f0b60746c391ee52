"""Script files that people bring."""

import io
import zipfile

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

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


@pytest.mark.django_db
@pytest.mark.parametrize("content", [b"", b" \n \n", _docx(DOCUMENT.replace("바다로 ", "").replace("간다.", "").replace("A light.", ""))])
def test_file_without_words_leaves_the_typed_script(owner, as_, content):
    name = "a.docx" if content.startswith(b"PK") else "a.txt"
    sent = {**FORM, "script": "나는 남는다.", "script_file": SimpleUploadedFile(name, content)}
    response = as_(owner).post(reverse("admin:stories_story_add"), sent)
    form = response.context["adminform"].form
    assert set(form.errors) == {"script_file"}
    assert form["script"].value() == "나는 남는다."
    assert "나는 남는다." in response.content.decode()
    assert not Story.objects.exists()
