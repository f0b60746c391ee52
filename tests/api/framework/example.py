"""A small API to try the kit on: notes are rows of log-in attempts, which have a time and an id
like everything that is paged.
"""

import threading
import time
import uuid
from datetime import datetime
from typing import Annotated

import msgspec
from django.urls import include, path
from msgspec import UNSET, Meta, UnsetType

from accounts import endpoints
from accounts.models import LogInAttempt
from api import problems
from api.components import Body, Query, Upload
from api.controllers import ApiController, operation
from api.inputs import Strict, text
from api.long_polling import Waiting
from api.paging import Keyset, Page, Paging, page
from api.responses import Accepted, Created, NoContent, Redirect
from api.routes import Api
from api.urls import urls_of
from core.localized_messages import DomainError

api = Api(title="Example", version="1")
endpoints.add_to(api)


class BusyError(DomainError):
    code = "busy"


class VeryBusyError(BusyError):
    code = "very_busy"


class UnregisteredError(DomainError):
    code = "unregistered"


problems.register(BusyError, 409, members=lambda _error: {"allowed": ["later"]})


class Line(Strict):
    words: Annotated[str, text(least=1, most=10)]
    count: Annotated[int, Meta(ge=1, le=9)] = 1


class NoteIn(Strict):
    title: Annotated[str, text(least=1, most=20)]
    lines: Annotated[list[Line], Meta(max_length=3)] = []
    mark: str | UnsetType = UNSET


class NoteOut(msgspec.Struct):
    id: int
    title: str
    at: datetime


class NoteFilter(Paging):
    title: str | UnsetType = UNSET
    oldest_first: bool = False


BY_TIME = Keyset("at", "id")
OLDEST = Keyset("at", "id", descending=False)


def _out(rows):
    return [NoteOut(*row) for row in rows]


@api.at("notes/")
class NotesController(ApiController):
    tags = ("Notes",)

    @operation("list_notes", summary="List")
    def get(self, query: Query[NoteFilter]) -> Page[NoteOut]:
        rows = LogInAttempt.objects.values_list("id", "account", "at")
        if query.title is not UNSET:
            rows = rows.filter(account=query.title)
        return page(
            rows,
            query,
            out=_out,
            key=lambda row: (row[2], row[0]),
            keyset=OLDEST if query.oldest_first else BY_TIME,
        )

    @operation("create_note", summary="Write", body_limit=2000)
    def post(self, body: Body[NoteIn]) -> Created[NoteOut]:
        row = LogInAttempt.objects.create(account=body.title)
        if body.title == "boom":
            raise RuntimeError("boom")
        if body.title == "busy":
            raise BusyError("This is busy: %(what)s.", what=body.mark or "")
        if body.title == "very":
            raise VeryBusyError("This is very busy.")
        if body.title == "none":
            raise UnregisteredError("Nobody said which status this has.")
        return Created(
            NoteOut(row.id, row.account, row.at), Location=f"/api/example/notes/{row.id}/"
        )


@api.at("notes/<int:note>/")
class NoteController(ApiController):
    tags = ("Notes",)

    @operation("get_note", summary="One")
    def get(self, note: int, query: Query[Waiting]) -> NoteOut:
        row = LogInAttempt.objects.filter(pk=note).first()
        if row is None:
            raise problems.not_found()
        return NoteOut(row.id, row.account, row.at)

    @operation("remove_note", summary="Remove")
    def delete(self, note: int) -> NoContent:
        LogInAttempt.objects.filter(pk=note).delete()
        return NoContent()


@api.at("slow/")
class SlowController(ApiController):
    tags = ("Notes",)

    @operation("slow", summary="Takes its time")
    def post(self) -> Accepted[NoteOut]:
        time.sleep(0.3)
        row = LogInAttempt.objects.create(account="slow")
        return Accepted(NoteOut(row.id, row.account, row.at))


entered, leave = threading.Event(), threading.Event()


def hold() -> None:
    """Stay within the first such request until the test says `leave`."""
    if entered.is_set():
        return
    entered.set()
    assert leave.wait(60)


@api.at("held/")
class HeldController(ApiController):
    tags = ("Notes",)

    @operation("held", summary="Is held by the test")
    def post(self) -> Accepted[NoteOut]:
        row = LogInAttempt.objects.create(account="held")
        hold()
        return Accepted(NoteOut(row.id, row.account, row.at))


@api.at("away/")
class AwayController(ApiController):
    tags = ("Notes",)

    @operation("away", summary="Elsewhere")
    def get(self) -> Redirect:
        return Redirect("/media/abc")


@api.at("files/")
class FilesController(ApiController):
    tags = ("Files",)

    @operation(
        "take_file",
        summary="Take a file",
        upload=Upload({"file": {"type": "string", "format": "binary"}}, ("file",), 5000),
    )
    def post(self) -> Created[NoteOut]:
        if "file" not in self.request.FILES:
            raise problems.invalid([problems.FieldError(detail="Send a file.", pointer="/file")])
        if self.request.FILES["file"].name == "held.bin":
            hold()
        self.begin()
        row = LogInAttempt.objects.create(account=self.request.FILES["file"].name)
        return Created(NoteOut(row.id, row.account, row.at))


@api.at("open/<uuid:note>/")
class OpenController(ApiController):
    tags = ("Open",)

    @operation("for_all", summary="For all", is_open=True)
    def get(self, note: uuid.UUID) -> NoteOut:
        raise problems.not_found()


urlpatterns = [path("api/example/", include(urls_of(api))), path("page/", lambda request: 1 / 0)]
