"""Script endpoint: parses an uploaded document and returns the result. Creates nothing."""

from typing import Annotated, Any

import msgspec
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext_noop
from msgspec import Meta

from api.components import Upload
from api.controllers import ApiController, Call, operation
from api.problems import FieldError, invalid
from core.localized_messages import LocalizedMessage
from stories.errors import Invalid
from stories.imports.advice import advise
from stories.imports.encodings import CHOICES
from stories.imports.reading import MOST_BYTES, ScriptUnreadable, read_script
from stories.imports.script import BlockKind, Format

from .base import STORIES, api
from .lookups import admit_writer

SENT = {
    "file": {
        "type": "string",
        "format": "binary",
        "description": "TXT, MD, DOCX, ODT, HWPX, PDF, FOUNTAIN, FDX, SRT or VTT.",
    },
    "encoding": {
        "type": "string",
        "enum": list(CHOICES),
        "description": "Of a text file; if it is left out it is detected.",
    },
}


class BlockOut(msgspec.Struct):
    kind: BlockKind
    text: str


class ScriptOut(msgspec.Struct):
    """`title`, `script`, `language` and `duration_seconds` are what to send when
    the story is made.
    """

    title: str
    script: str
    language: Annotated[
        str, Meta(description="ko, en, ja or zh; empty where the letters do not show it.")
    ]
    encoding: Annotated[
        str, Meta(description="Empty where the kind of file leaves none to choose.")
    ]
    format: Format
    headings: int
    speakers: list[str]
    expected_seconds: Annotated[int, Meta(description="How long it takes to say all words.")]
    duration_seconds: Annotated[int, Meta(description="The length that is proposed.")]
    scenes: Annotated[int, Meta(description="Of the proposed length.")]
    aspect_ratio: Annotated[
        str, Meta(description="The format that is proposed; empty where nothing speaks for one.")
    ]
    first_lines: list[str]
    left_out: Annotated[
        list[str],
        Meta(description="What was found and is not narrated, such as hidden or struck text."),
    ]
    blocks: Annotated[
        list[BlockOut], Meta(description="The first blocks of the text, each with what it is for.")
    ]


@api.at("scripts/read/")
class ScriptsReadController(ApiController):
    tags = (STORIES,)

    @operation(
        "read_a_script",
        summary="Read a script",
        problems=(404,),
        upload=Upload(SENT, ("file",), MOST_BYTES),
        admit=admit_writer,
    )
    def post(self) -> ScriptOut:
        """What a document says, before a story is made of it: send the answer's fields to
        `stories/` to make one.
        """
        file, encoding = _fields(self)
        try:
            script = read_script(file.name or "", file.read(MOST_BYTES + 1), encoding)
        except ScriptUnreadable as error:
            raise Invalid(error.sentence.template, field="file", **error.sentence.values) from error
        advice = advise(script.text)
        return ScriptOut(
            title=script.title,
            script=script.text,
            language=script.language,
            encoding=script.encoding,
            format=script.format,
            headings=advice.headings,
            speakers=list(advice.speakers),
            expected_seconds=advice.expected_seconds,
            duration_seconds=advice.duration_seconds,
            scenes=advice.scenes,
            aspect_ratio=advice.aspect_ratio,
            first_lines=list(advice.first_lines),
            left_out=list(script.left_out),
            blocks=[BlockOut(kind, text) for kind, text in advice.blocks],
        )


def _fields(call: Call) -> "tuple[UploadedFile[Any], str]":
    """The form fields. Raises 422 with each field that is missing, wrong or unknown."""
    form, files = call.request.POST, call.request.FILES
    found = []
    sent = files.get("file")
    if (
        not isinstance(sent, UploadedFile)
        or list(files) != ["file"]
        or len(files.getlist("file")) != 1
    ):
        found.append(("file", gettext_noop("Send exactly one file.")))
    if form.get("encoding", "") not in {"", *CHOICES}:
        found.append(("encoding", gettext_noop("This is not one of the allowed values.")))
    found += [
        (name, gettext_noop("There is no such field."))
        for name in sorted(form.keys() - {"encoding"})
    ]
    if found or not isinstance(sent, UploadedFile):
        raise invalid(
            [
                FieldError(detail=str(LocalizedMessage(template)), pointer=f"/{name}")
                for name, template in found
            ]
        )
    return sent, form.get("encoding", "")
