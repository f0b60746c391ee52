"""An API: its controllers by path, in the order in which the documentation shows them.

    api = Api(title="…", version="1")

    @api.at("stories/")
    class StoriesController(ApiController): ...

Mount `api.urls.urls_of(api)` with `include`. The document and its page are made from the same
controllers.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import Any

from django.urls import URLPattern
from dmr.routing import Router, path

from .controllers import ApiController
from .details import Details

PARAMETER = re.compile(r"<(?:(?P<kind>\w+):)?(?P<name>\w+)>")
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


@dataclass(frozen=True, slots=True)
class Route:
    """One method of one path, as tests and the documentation list them."""

    method: str
    path: str
    details: Details

    @property
    def operation(self) -> str:
        return self.details.name

    @property
    def body(self) -> Any:
        return self.details.body

    @property
    def query(self) -> Any:
        return self.details.query

    @property
    def answer(self) -> Any:
        return self.details.answer

    @property
    def statuses(self) -> tuple[HTTPStatus, ...]:
        return self.details.statuses


@dataclass
class Api:
    """The controllers of one API.

    `tags` is what the sections of the document are about, in their order, `examples` the file of
    recorded responses, `members` the types of what problem documents carry beyond RFC 9457,
    `meanings` what the codes of domain errors mean, `fields` what fields and parameters mean that
    have no description of their own, by their names.
    """

    title: str
    version: str
    description: str = ""
    owner: str = ""
    license: str = ""
    examples: Path | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    members: Mapping[str, Any] = field(default_factory=dict)
    meanings: Mapping[str, str] = field(default_factory=dict)
    fields: Mapping[str, str] = field(default_factory=dict)
    controllers: dict[str, type[ApiController]] = field(default_factory=dict)

    def at[C: type[ApiController]](self, address: str) -> Callable[[C], C]:
        """Puts the decorated controller at this address. Raises TypeError if it is taken."""

        def put(controller: C) -> C:
            known = {route.operation for route in self.routes}
            own = {endpoint.metadata.extras.name for endpoint in controller.api_endpoints.values()}
            if address in self.controllers or known & own:
                raise TypeError(f"{controller.__name__} or its address is there twice.")
            self.controllers[address] = controller
            return controller

        return put

    @property
    def routes(self) -> list[Route]:
        return [
            Route(method, address, controller.api_endpoints[method].metadata.extras)
            for address, controller in self.controllers.items()
            for method in METHODS
            if method in controller.api_endpoints
        ]

    def patterns(self) -> Iterator[URLPattern]:
        for address, controller in self.controllers.items():
            first = next(route for route in self.routes if route.path == address)
            yield path(address, controller.as_view(), name=first.operation)

    @property
    def router(self) -> Router:
        return Router("", list(self.patterns()))
