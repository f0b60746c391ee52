"""Normalizes text to Unicode NFC. macOS and some programs send decomposed Korean, which must
compare equal. Refuses NUL characters, which PostgreSQL cannot keep.
"""

import unicodedata
from collections.abc import Callable
from typing import Any

from django.core.exceptions import BadRequest
from django.db.models import CharField, Model, TextField
from django.http import HttpRequest, HttpResponse, QueryDict

AS_TYPED = frozenset(
    {
        "password",
        "password1",
        "password2",
        "old_password",
        "new_password",
        "new_password1",
        "new_password2",
        "api_key",
    }
)


def composed(text: str) -> str:
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def composed_values(value: Any, name: str = "") -> Any:
    """Return lists and dicts with their strings normalized;
    API keys and passwords are unchanged.
    """
    if isinstance(value, str):
        return value if name in AS_TYPED else composed(value)
    if isinstance(value, list):
        return [composed_values(item, name) for item in value]
    if isinstance(value, dict):
        return {key: composed_values(item, key) for key, item in value.items()}
    return value


def composed_query(sent: QueryDict) -> QueryDict:
    """Return the same object if nothing changes, else a copy."""
    changed = {
        name: [composed_values(value, name) for value in values]
        for name, values in sent.lists()
        if any(not str(value).isascii() for value in values)
    }
    if all(sent.getlist(name) == values for name, values in changed.items()):
        return sent
    copy = sent.copy()
    for name, values in changed.items():
        copy.setlist(name, values)
    return copy


def holds_nul(request: HttpRequest) -> bool:
    """Whether a page is asked for with a NUL character: PostgreSQL takes none, so looking for it
    would fail.

    The API reads its values strictly by itself.
    """
    if request.path_info.startswith("/api/"):
        return False
    return "\0" in request.path_info or "%00" in request.META.get("QUERY_STRING", "")


class NullCharacterError(BadRequest):
    """A form holds a NUL character."""


class NullCharacters:
    """Middleware that refuses forms with NUL characters before a page reads them.

    It stands after the check of the CSRF token, which has parsed the form. The API reads its values
    strictly by itself.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Callable[..., Any], _args: Any, _values: Any
    ) -> None:
        """Raises NullCharacterError."""
        if request.method != "POST" or request.path_info.startswith("/api/"):
            return
        if getattr(view, "csrf_exempt", False):
            return  # it reads its body by itself
        if any("\0" in text for _name, values in request.POST.lists() for text in values):
            raise NullCharacterError


class ComposedQueries:
    """Middleware that normalizes the query string of every request."""

    def __init__(self, get_response: Any) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if holds_nul(request):
            raise BadRequest("The address holds a NUL character.")
        if "%" in request.META.get("QUERY_STRING", ""):
            # As immutable as the one before, or a copy of ours
            request.GET = composed_query(request.GET)  # type: ignore[assignment]
        response: HttpResponse = self.get_response(request)
        return response


def compose_fields(sender: type[Model], instance: Model, **_signal: Any) -> None:
    """Receiver of pre_save that normalizes all text fields of the row."""
    for field in sender._meta.concrete_fields:  # noqa: SLF001  Django's documented model API
        if isinstance(field, CharField | TextField) and field.name not in AS_TYPED:
            value = instance.__dict__.get(field.attname)
            if (
                type(value) is str
                and not value.isascii()
                and not unicodedata.is_normalized("NFC", value)
            ):
                setattr(instance, field.attname, unicodedata.normalize("NFC", value))
