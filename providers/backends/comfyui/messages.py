"""Messages of ComfyUI, as far as they are used."""

from typing import Any

import msgspec


class Queued(msgspec.Struct):
    """The answer to a workflow that was accepted, if only in part: `node_errors` names what was
    left out.
    """

    prompt_id: str
    node_errors: dict[str, Any] = {}


class Problem(msgspec.Struct):
    type: str = ""
    message: str = ""
    details: str = ""


class Problems(msgspec.Struct):
    error: Problem | str
    node_errors: dict[str, Any] = {}


class Queue(msgspec.Struct):
    """Each entry is a list: number, id, workflow, extra data, outputs."""

    queue_running: list[Any]
    queue_pending: list[Any]


class Status(msgspec.Struct):
    status_str: str = ""
    completed: bool = False
    messages: list[Any] = []


class Entry(msgspec.Struct):
    """A job that has ended. The server keeps it in memory: a restart forgets it."""

    prompt: list[Any] = []
    outputs: dict[str, Any] = {}
    status: Status | None = None


class Uploaded(msgspec.Struct):
    name: str
    subfolder: str = ""


class System(msgspec.Struct):
    comfyui_version: str = ""


class Device(msgspec.Struct):
    name: str = ""
    vram_total: float = 0
    vram_free: float = 0


class Stats(msgspec.Struct):
    system: System
    devices: list[Device] = []
