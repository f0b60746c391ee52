"""What an operation says of itself beyond what django-modern-rest knows."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Any, Self

from django.contrib.auth.models import User
from django.utils.http import http_date
from dmr import Controller
from dmr.endpoint import Extras
from dmr.serializer import BaseSerializer
from typing_extensions import Sentinel

from .components import Upload
from .inputs import BODY_LIMIT


@dataclass(frozen=True, slots=True, kw_only=True)
class Deprecation:
    """An operation that will go. `since` when it was said, `until` when it may be gone."""

    since: datetime
    until: datetime

    def headers(self) -> dict[str, str]:
        """The headers of RFC 9745 and RFC 8594."""
        return {
            "Deprecation": f"@{int(self.since.timestamp())}",
            "Sunset": http_date(self.until.timestamp()),
        }


@dataclass(frozen=True, kw_only=True)
class Details(Extras["Details"]):
    """What `operation` says of a method beyond what the library knows.

    `admit` checks the user's permissions before the body is read, and raises; for bodies that are
    expensive to read. `problems` are error statuses beyond those implied by the rest. `calls_out`:
    the work asks a provider over the network, so that it must not run in a transaction.
    """

    name: str = ""
    view: Callable[..., Any] | None = None
    answer: Any = None
    statuses: tuple[HTTPStatus, ...] = (HTTPStatus.OK,)
    is_open: bool = False
    body_limit: int = BODY_LIMIT
    upload: Upload | None = None
    admit: Callable[[User], None] | None = None
    problems: tuple[int, ...] = ()
    calls_out: bool = False
    deprecation: Deprecation | None = None
    query: Any = None
    body: Any = None
    has_path_parameters: bool = False

    @classmethod
    def build(
        cls,
        from_endpoint: Self | Sentinel,
        from_controller: Self,
        controller_cls: type[Controller[BaseSerializer]],  # noqa: ARG003  the signature of the base
        builder: Any,  # noqa: ARG003  the signature of the base
    ) -> "Details":
        return from_controller if isinstance(from_endpoint, Sentinel) else from_endpoint
