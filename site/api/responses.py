"""Return types of endpoints. A plain struct is a 200; other statuses are classes, so that the
signature shows them.
"""

from http import HTTPStatus
from typing import ClassVar

import msgspec
from django.http import HttpResponse


class Answer[T]:
    """A body with a status and optional headers. Used through its subclasses."""

    status: ClassVar[HTTPStatus] = HTTPStatus.OK

    def __init__(self, body: T, **headers: str) -> None:
        self.body = body
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}


class Created[T](Answer[T]):
    """201. Give `Location=` if the new object has an address."""

    status = HTTPStatus.CREATED


class Accepted[T](Answer[T]):
    """202: the request was accepted and is processed later."""

    status = HTTPStatus.ACCEPTED


class NoContent(Answer[None]):
    """204."""

    status = HTTPStatus.NO_CONTENT

    def __init__(self) -> None:
        super().__init__(None)


class Redirect(Answer[None]):
    """302 to a URL that needs no header, such as a signed link."""

    status = HTTPStatus.FOUND

    def __init__(self, location: str) -> None:
        super().__init__(None, Location=location)


encode = msgspec.json.Encoder().encode


def respond(answer: object) -> HttpResponse:
    """Returns the HTTP response for the return value of a view."""
    status, headers = HTTPStatus.OK, {}
    if isinstance(answer, Answer):
        status, headers, answer = answer.status, answer.headers, answer.body
    if answer is None:
        response = HttpResponse(status=status.value)
        del response["Content-Type"]
    else:
        response = HttpResponse(
            encode(answer), status=status.value, content_type="application/json"
        )
    for name, value in headers.items():
        response[name] = value
    return response
