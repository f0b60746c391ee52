"""A workflow in ComfyUI's API format, and where the studio's values go in it.

It is stored among the options of a model's row: `workflow` (the nodes by their number), `map` (our
name to the inputs that receive it, such as `"prompt": ["6.text"]`), `output` (the number of the
node whose file is the result), and for clips `fps` and `frame_step`.
"""

import copy
import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any

from django.utils.translation import gettext_noop

from providers.errors import Invalid

MOST_BYTES = 1024 * 1024
MOST_NODES = 500
MOST_TARGETS = 20
# Our names, in the order in which a person is asked about them.
NAMES = (
    *("prompt", "negative", "seed", "width", "height", "frames", "fps"),
    *("image", "end_image", "references"),
)
SAVES_IMAGES = ("SaveImage", "PreviewImage")
SAVES_CLIPS = ("SaveVideo", "VHS_VideoCombine", "SaveWEBM", "SaveAnimatedWEBP")
# Inputs that usually hold a value, by our name.
USUAL = {
    "seed": ("seed", "noise_seed"),
    "width": ("width",),
    "height": ("height",),
    "frames": ("length", "num_frames", "video_frames"),
    "fps": ("fps", "frame_rate"),
}
NOT_API = gettext_noop(
    "This is not a workflow in the API format: in ComfyUI choose Workflow, Export (API)."
)

type Graph = dict[str, dict[str, Any]]


def read(content: bytes) -> Graph:
    """Return the workflow's nodes. Raises `Invalid`."""
    if len(content) > MOST_BYTES:
        raise Invalid(gettext_noop("The workflow is larger than 1 MB."), field="workflow")
    try:
        found = json.loads(content.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise Invalid(
            gettext_noop("The file is not JSON that can be read."), field="workflow"
        ) from error
    if isinstance(found, dict) and isinstance(found.get("prompt"), dict):
        found = found["prompt"]  # as it is sent to the server
    if not isinstance(found, dict) or not found or not all(map(_is_node, found.values())):
        raise Invalid(NOT_API, field="workflow")
    if len(found) > MOST_NODES:
        raise Invalid(
            gettext_noop("The workflow has more than %(most)s nodes."),
            field="workflow",
            most=MOST_NODES,
        )
    return found


def _is_node(node: Any) -> bool:
    return (
        isinstance(node, dict)
        and isinstance(node.get("class_type"), str)
        and isinstance(node.get("inputs"), dict)
    )


def suggested(graph: Graph) -> tuple[dict[str, list[str]], str]:
    """Return where our values probably go, and the node that probably makes the result."""
    found: dict[str, list[str]] = {}
    for number, node in graph.items():
        for name, usual in USUAL.items():
            found.setdefault(name, []).extend(
                f"{number}.{key}" for key in usual if _is_value(node["inputs"].get(key))
            )
        for name, key in (("prompt", "positive"), ("negative", "negative")):
            found.setdefault(name, []).extend(_texts_behind(graph, node["inputs"].get(key)))
        if node["class_type"] == "LoadImage":
            found.setdefault("image", []).append(f"{number}.image")
    if not found["prompt"]:
        found["prompt"] = [
            f"{number}.text"
            for number, node in graph.items()
            if isinstance(node["inputs"].get("text"), str)
        ][:1]
    shown = {name: list(dict.fromkeys(found.get(name, [])))[:MOST_TARGETS] for name in NAMES}
    shown["image"], shown["references"] = shown["image"][:1], shown["image"][1:]
    return {name: targets for name, targets in shown.items() if targets}, _output(graph)


def _is_value(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _texts_behind(graph: Graph, link: Any, depth: int = 0) -> list[str]:
    """Return the text inputs of the nodes from which this link comes."""
    if not isinstance(link, list) or not link or depth > 4:  # noqa: PLR2004  nodes in between
        return []
    node = graph.get(str(link[0]))
    if node is None:
        return []
    if isinstance(node["inputs"].get("text"), str):
        return [f"{link[0]}.text"]
    return [
        target
        for value in node["inputs"].values()
        for target in _texts_behind(graph, value, depth + 1)
    ][:1]


def _output(graph: Graph) -> str:
    for sorts in (SAVES_CLIPS, SAVES_IMAGES):
        for number, node in graph.items():
            if node["class_type"] in sorts:
                return number
    return ""


def check(graph: Graph, mapping: Mapping[str, Iterable[str]], output: str) -> None:
    """Raise `Invalid` unless every value goes to an input that the workflow has."""
    if not list(mapping.get("prompt", ())):
        raise Invalid(
            gettext_noop("Say which input takes the prompt, such as 6.text."), field="map_prompt"
        )
    for name, targets in mapping.items():
        listed = list(targets)
        if name not in NAMES or len(listed) > MOST_TARGETS:
            raise Invalid(
                gettext_noop("There is no value named “%(name)s”."), field="map", name=name
            )
        for target in listed:
            number, _dot, key = target.partition(".")
            if number not in graph or key not in graph[number]["inputs"]:
                raise Invalid(
                    gettext_noop("The workflow has no input “%(target)s”."),
                    field=f"map_{name}",
                    target=target[:60],
                )
    if output not in graph:
        raise Invalid(gettext_noop("Choose the node that makes the result."), field="output")


def sha_of(graph: Graph, mapping: Mapping[str, Iterable[str]], output: str, **more: Any) -> str:
    """Return the SHA-256 of everything that determines what the workflow makes."""
    whole = {"workflow": graph, "map": dict(mapping), "output": output, **more}
    return hashlib.sha256(
        json.dumps(whole, sort_keys=True, ensure_ascii=False).encode()
    ).hexdigest()


def filled(graph: Graph, mapping: Mapping[str, Iterable[str]], values: Mapping[str, Any]) -> Graph:
    """Return the workflow with our values in the place of its own."""
    result = copy.deepcopy(graph)
    for name, value in values.items():
        for target in mapping.get(name, ()):
            number, _dot, key = target.partition(".")
            result[number]["inputs"][key] = value
    return result
