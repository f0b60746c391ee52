"""What a request may contain: JSON bodies, query parameters and forms, as parts of signatures.

    def post(self, story_id: UUID, query: Query[PlanQuery], body: Body[StoryIn]) -> StoryOut: ...

The library finds them in the signature of a method, calls them, and describes them in the document.
Parameters of the path need no annotation of ours: Django's converters have parsed them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, TypeVar

from dmr.components import BodyComponent, QueryComponent
from dmr.endpoint import Endpoint
from dmr.types import EMPTY

from .inputs import parse_body, parse_query, raw_body

if TYPE_CHECKING:
    from dmr.controller import Controller
    from dmr.serializer import BaseSerializer

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Upload:
    """A multipart body: its files and fields as JSON Schema properties, and its maximum length in
    bytes.
    """

    properties: Mapping[str, Any]
    required: tuple[str, ...]
    limit: int


class JsonBody(BodyComponent):
    """A JSON body, read and checked by `inputs.parse_body`: bounded before it is parsed."""

    context_name: ClassVar[str] = "body"

    def provide_context_data(
        self,
        endpoint: Endpoint,
        controller: "Controller[BaseSerializer]",
        *,
        field_model: Any,
        default: Any = EMPTY,  # noqa: ARG002  the signature of the base
    ) -> Any:
        request = controller.request
        raw = raw_body(request, endpoint.metadata.extras.body_limit)
        controller.raw = raw  # type: ignore[attr-defined]  # compared by Idempotency-Key
        return parse_body(field_model, raw, request.META.get("CONTENT_TYPE", ""))


class StrictQuery(QueryComponent):
    """Query parameters, of which unknown and repeated ones are refused."""

    context_name: ClassVar[str] = "query"

    def provide_context_data(
        self,
        endpoint: Endpoint,  # noqa: ARG002  the signature of the base
        controller: "Controller[BaseSerializer]",
        *,
        field_model: Any,
        default: Any = EMPTY,  # noqa: ARG002  the signature of the base
    ) -> Any:
        return parse_query(field_model, controller.request.GET)


Body = Annotated[T, JsonBody()]
Query = Annotated[T, StrictQuery()]
