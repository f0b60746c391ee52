"""Script files that people bring."""

import io
import zipfile

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.template.loader import render_to_string
from django.urls import reverse

from stories.imports.advice import advise
from stories.models import MAX_SCRIPT, Story
from stories.web.script_preview import Reading

DOCUMENT = (
    '<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body>'
    "<w:p><w:r><w:t>바다로 "
    "</w:t></w:r><w:r><w:t>간다.</w:t></w:r></w:p><w:p/><w:p><w:r><w:t>A "
    "light.</w:t></w:r></w:p>"
    "</w:body></w:document>"
)


def _docx(xml):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("word/document.xml", xml)
    return out.getvalue()


FORM = {
    "title": "The sea",
    "script": "",
    "duration_seconds": "21",
    "aspect_ratio": "16:9",
    "language": "en",
    "style": "",
}


ADD = "admin:stories_story_add"
FILLED = (
    "title",
    "script",
    "duration_seconds",
    "aspect_ratio",
    "language",
    "style",
    "encoding",
    "kept_name",
    "kept_file",
)


def filled(response):
    """What the form would send as it is shown."""
    form = response.context["adminform"].form
    return {name: form[name].value() or "" for name in FILLED}


@pytest.mark.django_db
def test_new_story_from_a_file_is_shown_before_it_is_made(owner, as_):
    client = as_(owner)
    sent = {
        **FORM,
        "title": "",
        "duration_seconds": "60",
        "script_file": SimpleUploadedFile("나의_바다.docx", _docx(DOCUMENT)),
    }
    response = client.post(reverse(ADD), sent)
    assert response.status_code == 200
    assert not Story.objects.exists()
    shown = filled(response)
    assert shown | {"style": ""} == {
        "title": "나의 바다",
        "script": "바다로 간다.\n\nA light.",
        "duration_seconds": 7,
        "aspect_ratio": "16:9",
        "language": "ko",
        "style": "",
        "encoding": "",
        "kept_name": "",
        "kept_file": "",
    }
    assert client.post(reverse(ADD), shown).status_code == 302
    story = Story.objects.get()
    assert (story.title, story.script, story.duration_seconds, story.language) == (
        "나의 바다",
        "바다로 간다.\n\nA light.",
        7,
        "ko",
    )


@pytest.mark.django_db
def test_screenplay_is_shown_with_its_structure(owner, as_):
    text = "Title: 항구\nContact: nobody@example.com\n\nEXT. 항구 - 낮\n\n@민수\n배가 떠난다.\n"
    response = as_(owner).post(
        reverse(ADD),
        {**FORM, "title": "", "script_file": SimpleUploadedFile("a.fountain", text.encode())},
    )
    reading = response.context["reading"]
    assert (
        reading.advice.title,
        reading.initial["title"],
        reading.advice.headings,
        reading.advice.speakers,
    ) == ("", "항구", 1, ("민수",))
    assert [(str(kind), words) for kind, words in reading.blocks] == [
        ("Scene heading", "EXT. 항구 - 낮"),
        ("Speaker", "민수"),
        ("Dialogue", "배가 떠난다."),
    ]
    assert "nobody@example.com" not in filled(response)["script"]


@pytest.mark.django_db
def test_person_may_choose_another_encoding(owner, as_):
    client = as_(owner)
    data = "港口的早晨。船要开了。".encode("gb18030")
    response = client.post(reverse(ADD), {**FORM, "script_file": SimpleUploadedFile("a.txt", data)})
    shown = filled(response)
    assert (shown["script"], shown["encoding"]) == ("港口的早晨。船要开了。", "gb18030")
    again = client.post(reverse(ADD), {**shown, "encoding": "big5hkscs", "_read": "1"})
    assert filled(again)["script"] != shown["script"]
    back = client.post(reverse(ADD), {**filled(again), "encoding": "gb18030", "_read": "1"})
    assert filled(back)["script"] == "港口的早晨。船要开了。"
    assert not Story.objects.exists()


@pytest.mark.django_db
def test_file_in_no_known_encoding_can_be_read_in_a_chosen_one(owner, as_):
    client = as_(owner)
    response = client.post(
        reverse(ADD), {**FORM, "script_file": SimpleUploadedFile("a.txt", b"\xff\xff\xff")}
    )
    form = response.context["adminform"].form
    assert set(form.errors) == {"script_file"}
    assert form["kept_file"].value()
    again = client.post(
        reverse(ADD),
        {
            **FORM,
            "kept_file": form["kept_file"].value(),
            "kept_name": "a.txt",
            "encoding": "cp1252",
            "_read": "1",
        },
    )
    assert filled(again)["script"] == "ÿÿÿ"


@pytest.mark.django_db
def test_typed_text_is_read_without_a_file(owner, as_):
    sent = {
        **FORM,
        "title": "",
        "duration_seconds": "60",
        "script": "# 바다\n\n" + "파도가 밀려온다. " * 40,
        "_read": "1",
    }
    response = as_(owner).post(reverse(ADD), sent)
    assert not Story.objects.exists()
    assert (
        response.context["reading"].advice.expected_seconds == 63
    )  # 7 syllables, 40 times, at 4.5 a second
    assert {name: filled(response)[name] for name in ("title", "language", "duration_seconds")} == {
        "title": "바다",
        "language": "ko",
        "duration_seconds": 63,
    }


@pytest.mark.django_db
def test_nothing_to_read_is_said(owner, as_):
    response = as_(owner).post(reverse(ADD), {**FORM, "_read": "1"})
    assert set(response.context["adminform"].form.errors) == {"script"}


@pytest.mark.django_db
def test_form_remembers_the_format_of_the_last_story(owner, as_):
    client = as_(owner)
    assert (
        client.post(
            reverse(ADD), {**FORM, "script": "A boat.", "aspect_ratio": "9:16", "style": "ink"}
        ).status_code
        == 302
    )
    form = client.get(reverse(ADD)).context["adminform"].form
    assert (form["aspect_ratio"].value(), form["style"].value()) == ("9:16", "ink")


@pytest.mark.django_db
@pytest.mark.moderate
def test_new_story_from_a_file_that_cannot_be_read(owner, as_):
    response = as_(owner).post(
        reverse("admin:stories_story_add"),
        {**FORM, "script_file": SimpleUploadedFile("a.pdf", b"%PDF")},
    )
    assert set(response.context["adminform"].form.errors) == {"script_file"}
    assert not Story.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize(
    "content",
    [
        b"",
        b" \n \n",
        _docx(DOCUMENT.replace("바다로 ", "").replace("간다.", "").replace("A light.", "")),
    ],
)
def test_file_without_words_leaves_the_typed_script(owner, as_, content):
    name = "a.docx" if content.startswith(b"PK") else "a.txt"
    sent = {**FORM, "script": "나는 남는다.", "script_file": SimpleUploadedFile(name, content)}
    response = as_(owner).post(reverse("admin:stories_story_add"), sent)
    form = response.context["adminform"].form
    assert set(form.errors) == {"script_file"}
    assert form["script"].value() == "나는 남는다."
    assert "나는 남는다." in response.content.decode()
    assert not Story.objects.exists()


@pytest.mark.parametrize(
    ("seconds", "proposed"),
    [("7", 84), ("16", 192), ("17", None), ("", None), ("ⅷ", None), ("9" * 50, None)],
)
def test_reading_proposes_a_number_of_characters_beside_a_length(seconds, proposed):
    """200 syllables need 17 s at 12 a second; in 7 s 84 can be read."""
    reading = Reading(advise("바" * 200), {"duration_seconds": seconds})
    page = render_to_string("studio/story/understood.html", {"reading": reading})
    assert reading.too_short is (proposed is not None)
    assert (
        f"Shorten the text to {proposed} characters, or make the film at least 0:17 long." in page
    ) is (proposed is not None)


def test_a_pasted_text_proposes_values_and_creates_nothing(client, owner):
    client.force_login(owner)
    address = reverse("admin:stories_story_propose")
    assert client.get(address).status_code == 405
    answer = client.post(address, {"script": "바다가 조용합니다. " * 100}).json()
    assert answer["values"]["language"] == "ko"
    assert answer["values"]["duration_seconds"] % 7 == 0
    assert "Korean" in answer["words"]
    assert Story.objects.count() == 0


@pytest.mark.parametrize("text", ["", "  \n ", "x" * (MAX_SCRIPT + 1)])
def test_nothing_is_proposed_for_no_text_or_too_much(text, client, owner):
    client.force_login(owner)
    answer = client.post(reverse("admin:stories_story_propose"), {"script": text})
    assert (answer.status_code, answer.json()) == (422, {})


def test_a_story_is_created_and_its_planning_asked_for(client, owner):
    client.force_login(owner)
    sent = {**FORM, "script": "A boat leaves the harbour.", "_plan": "1"}
    answer = client.post(reverse("admin:stories_story_add"), sent)
    story = Story.objects.get()
    assert answer["Location"] == reverse(
        "admin:stories_story_do", args=[story.pk, "start_planning"]
    )
    assert story.status == "draft"
    assert client.get(answer["Location"]).status_code == 200
