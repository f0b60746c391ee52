"""Writes the diagram of story states into a document, generated from the code."""

import re

from stories.enums import StoryStatus
from stories.models import Story

BEGIN, END = "<!-- states:begin (make diagram) -->", "<!-- states:end -->"


def states() -> str:
    """Returns the transition table as a Mermaid state diagram, in the order of the states."""
    order = list(StoryStatus.values)
    # Django's documented way to a field
    ways = Story._meta.get_field("status").get_all_transitions(Story)  # noqa: SLF001
    arrows = sorted(
        (order.index(str(way.source)), order.index(str(way.target)), way.name) for way in ways
    )
    lines = [f"    {order[source]} --> {order[target]}: {name}" for source, target, name in arrows]
    return "\n".join(["stateDiagram-v2", f"    [*] --> {StoryStatus.DRAFT}", *lines])


def drawn(document: str) -> str:
    """Returns the document with the diagram between its markers.

    Raises ValueError without markers.
    """
    part = re.compile(f"{re.escape(BEGIN)}.*?{re.escape(END)}", re.DOTALL)
    if not part.search(document):
        raise ValueError(f"The document has no place for the diagram: {BEGIN} ... {END}")
    return part.sub(lambda _match: f"{BEGIN}\n```mermaid\n{states()}\n```\n{END}", document)
