"""Adapter for a ComfyUI server: images and clips by workflows.

A job has the id of the call, so a lost answer is found in the server's queue or history. Both are
lost when the server restarts: such a job is neither done nor sent again.
"""

import hashlib
import logging
from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, ClassVar
from urllib.parse import quote, urlencode

import msgspec
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from core.localized_messages import sentence_of
from media import image_import
from media.errors import MediaError
from providers import (
    cast_references,
    connection_test,
    edits,
    keyframes,
    keys,
    prompt_text,
    raw_answer_search,
    settings_schema,
)
from providers.adapters import (
    Accepted,
    CallContext,
    Candidate,
    Health,
    ModelSpec,
    Result,
    Running,
    Voice,
)
from providers.client import ProviderClient, UnreadableError, brief, checked_base, unparsable
from providers.enums import Kind, Refusal
from providers.errors import KeyRefused, Later, Refused, Unclear, Unreadable
from providers.fetch import Link
from providers.lenient_decoding import decoded, number_of, read
from providers.models import AIProviderConfig
from providers.refusal_words import is_key_refused
from providers.requests import ClipRequest, ImageRequest, Request
from providers.settings_schema import Common
from providers.store import opened

from . import workflow
from .errors import TEMPLATES, failure, left_out, refusal, words_of
from .messages import Entry, Queue, Queued, Stats, Uploaded
from .settings import Settings

log = logging.getLogger("ai_video.providers")
READ = 60.0  # seconds; large lists of nodes and uploads
SIZES = 16  # pixels of which an edge is a multiple
SEEDS = 2**63
MOST_LISTED = 200  # jobs of the history that are looked through for a lost one
MOST_MISSING = 8  # named in a message
ENDINGS = {
    Kind.IMAGE: (".png", ".jpg", ".jpeg", ".webp"),
    Kind.CLIP: (".mp4", ".webm", ".mov", ".mkv", ".gif", ".webp"),
}
FIELDS = {
    "prompt": {"prompt", "prompt_en", "style"},
    "negative": {"negative"},
    "seed": {"seed"},
    "width": {"aspect_ratio", "width", "height"},
    "height": {"aspect_ratio", "width", "height"},
    "frames": {"duration_ms"},
    "fps": {"fps"},
    "image": {"image_file"},
    "end_image": {"end_image_file"},
}
GONE = gettext_noop(
    "%(provider)s does not know the job any more, as after a restart; whether it was done is not "
    "known. It is not sent again by itself."
)
NEEDS_END = gettext_noop(
    "The workflow %(model)s ends with a picture: make the transition to the next scene continuous, "
    "or choose another workflow."
)
SILENT = gettext_noop("%(provider)s does not tell about the job at the moment: %(words)s")


class ComfyUIAdapter:
    """Each call queues one workflow."""

    repeatable: ClassVar[bool] = False
    free: ClassVar[bool] = True  # the machine is one's own, so a price of zero is a price
    needs_key: ClassVar[bool] = False
    tells_balance: ClassVar[bool] = False
    finds_lost_answers: ClassVar[bool] = True
    longest_task: ClassVar[timedelta] = timedelta(days=7)
    kinds: ClassVar[frozenset[Kind]] = frozenset({Kind.IMAGE, Kind.CLIP})
    settings_kind: ClassVar[type[Common]] = Settings
    home: ClassVar[str] = ""

    def __init__(self, config: AIProviderConfig) -> None:
        self.config = config
        self.name = config.name
        self.settings = settings_schema.read(config.settings, Settings)
        self.timeout = self.settings.send_timeout
        self.send_limit = timedelta(seconds=self.timeout + 2 * READ + 75)  # an image goes first
        self.poll_in = self.settings.poll_seconds

    @property
    def base(self) -> str:
        return checked_base(self.config.base_url, name=self.name)

    @property
    def headers(self) -> dict[str, str]:
        """The key is that of a proxy before the server: ComfyUI itself has none."""
        key = keys.key_of(self.config)
        return {"Authorization": f"Bearer {key}"} if key else {}

    @property
    def _client(self) -> ProviderClient:
        return ProviderClient(self.base, name=self.name, headers=self.headers)

    def ready(self) -> None:
        _client = self._client

    # --- sending

    def check_request(self, request: Request, model: ModelSpec) -> None:
        if not isinstance(request, ImageRequest | ClipRequest):
            raise Refused(
                gettext_noop("%(provider)s makes pictures and clips only."),
                kind=Refusal.INVALID,
                provider=self.name,
            )
        if not model.options.get("workflow"):
            raise Refused(
                gettext_noop("%(provider)s has no workflow for this yet; upload one."),
                kind=Refusal.INVALID,
                provider=self.name,
            )
        edits.require(request, model, provider=self.name)
        prompt_text.any_language(request)
        cast_references.require_fit(request, _takes(model), provider=self.name)
        image = request.image_file if isinstance(request, ClipRequest) else ""
        if _map(model).get("image") and not image:
            raise Refused(
                gettext_noop("The workflow %(model)s begins with a picture, and there is none."),
                kind=Refusal.INVALID,
                model=model.name,
            )
        takes = bool(_map(model).get("end_image"))
        keyframes.require_end(request, model, provider=self.name, takes=takes)
        if takes and not keyframes.end_of(request):
            raise Refused(NEEDS_END, kind=Refusal.INVALID, model=model.name)
        if model.ratios and request.aspect_ratio not in model.ratios:
            raise prompt_text.no_format(request, provider=self.name, model=model.name)
        prompt_text.require_length(request, model, provider=self.name)

    def used_fields(self, kind: Kind, model: ModelSpec) -> frozenset[str]:
        used = {field for name in _map(model) for field in FIELDS.get(name, ())}
        used |= {"references"} if cast_references.limits(_takes(model)) else set()
        if kind == Kind.CLIP:
            return frozenset(used | {"camera"})
        return frozenset(used - {"duration_ms", "fps", "image_file", "end_image_file"})

    def submit(self, request: Request, call_context: CallContext) -> Accepted | Result:
        self.check_request(request, call_context.model)
        assert isinstance(request, ImageRequest | ClipRequest)
        model, task = call_context.model, str(call_context.attempt)
        graph = workflow.filled(
            model.options["workflow"], _map(model), self._values(request, call_context)
        )
        self._place_sheets(graph, request, model)
        body = {"prompt": graph, "prompt_id": task, "extra_data": {"studio_call": task}}
        try:
            answer = self._client.post_once("/prompt", read=self.timeout, json=body)
            if not answer.ok:
                raise refusal(answer, provider=self.name)
            try:
                found = answer.parsed(Queued)
            except UnreadableError as error:
                raise unparsable(self.name, answer) from error
            queued = found.prompt_id.strip()
            self._require_output(found, queued or task, model)
        except Unclear:
            # The job's id is ours: whether it arrived can be asked, and asking is free.
            if not self._is_known(task):
                raise
            queued = task
        return Accepted(queued or task, poll_in=self.poll_in)

    def _require_output(self, found: Queued, task: str, model: ModelSpec) -> None:
        """Raise `Refused` (invalid) if the server runs the workflow without its output."""
        words = left_out(found.node_errors, str(model.options.get("output", "")))
        if not words:
            return
        try:
            self.cancel(task)
        except Later:
            log.info("%s: the rest of a refused workflow still runs", self.name)
        raise Refused(
            TEMPLATES[Refusal.INVALID], kind=Refusal.INVALID, provider=self.name, words=words
        )

    def _is_known(self, task: str) -> bool:
        try:
            return self._ended(task) is not None or self._place(task) is not None
        except Later:
            return False

    def _values(
        self, request: ImageRequest | ClipRequest, call_context: CallContext
    ) -> dict[str, Any]:
        """Return our values by their names. Uploads the image first, which changes nothing."""
        model = call_context.model
        width, height = _size(request, model)
        values: dict[str, Any] = {
            "prompt": prompt_text.any_language(request),
            "negative": request.negative.strip(),
            "seed": request.seed % SEEDS,
            "width": width,
            "height": height,
        }
        if isinstance(request, ClipRequest):
            fps = request.fps if _map(model).get("fps") else model.options.get("fps") or request.fps
            values["prompt"] = prompt_text.with_camera(values["prompt"], request.camera)
            values["fps"] = fps
            values["frames"] = _frames(
                call_context.seconds * fps, int(model.options.get("frame_step") or 1)
            )
            if request.image_file:
                values["image"] = self._uploaded(request.image_file)
            if request.end_image_file:
                values["end_image"] = self._uploaded(request.end_image_file)
        return values

    def _place_sheets(
        self, graph: workflow.Graph, request: ImageRequest | ClipRequest, model: ModelSpec
    ) -> None:
        """Put the cast's sheets, in order, into the inputs that take them."""
        targets = _map(model).get("references", [])
        # A clip that starts from a picture shows the cast by it: see `require_fit`.
        for target, member in zip(targets, cast_references.sheets(request), strict=False):
            number, _dot, key = target.partition(".")
            graph[number]["inputs"][key] = self._uploaded(member.file)

    def _uploaded(self, name: str) -> str:
        with opened(name) as file:
            content = file.read()
        try:
            mime = image_import.mime_of(content)
        except MediaError as error:
            raise Refused.of(error.sentence, kind=Refusal.INVALID) from error
        # The same picture has the same name there, so sending it again adds nothing.
        ending = mime.removeprefix("image/").replace("jpeg", "jpg")
        there = f"videoplanet-{hashlib.sha256(content).hexdigest()[:32]}.{ending}"
        unreachable = gettext_noop("The picture could not be put at %(provider)s: %(words)s")
        try:
            answer = self._client.ask(
                "POST",
                "/upload/image",
                files={"image": (there, content, mime)},
                data={"overwrite": "true", "type": "input"},
                read=READ,
            )
            if answer.ok:
                found = answer.parsed(Uploaded)
                return f"{found.subfolder}/{found.name}" if found.subfolder else found.name
        except (Later, UnreadableError) as error:
            raise Refused(
                unreachable,
                kind=Refusal.UNREACHABLE,
                provider=self.name,
                words=sentence_of(error),
            ) from error
        if answer.status in {401, 402, 403, 429}:
            raise refusal(answer, provider=self.name)
        raise Refused(
            unreachable, kind=Refusal.UNREACHABLE, provider=self.name, words=words_of(answer)
        )

    # --- asking

    def poll(self, task_id: str, request: Request, call_context: CallContext) -> Running | Result:
        entry = self._ended(task_id)
        if entry is None:
            ahead = self._place(task_id)
            if ahead is not None:
                return Running(poll_in=self.poll_in, queued=ahead > 0)
            entry = self._ended(task_id)  # it may have ended between the two questions
        if entry is None:
            raise Unclear(GONE, provider=self.name)
        kind = Kind.CLIP if isinstance(request, ClipRequest) else Kind.IMAGE
        link = self._link(entry, str(call_context.model.options.get("output", "")), kind)
        status = entry.status.status_str if entry.status else ""
        if status == "error":
            raise failure(entry, provider=self.name)
        if link is None:
            raise Refused(
                gettext_noop("%(provider)s is done, and the workflow's output made no file."),
                kind=Refusal.FAILED,
                cost=call_context.estimate,
                provider=self.name,
            )
        return Result(media=link)

    def _link(self, entry: Entry, output: str, kind: Kind) -> Link | None:
        """Return the file that the workflow's output node has made; previews are not it."""
        made = entry.outputs.get(output)
        files = [
            file
            for listed in (made.values() if isinstance(made, dict) else ())
            if isinstance(listed, list)
            for file in listed
            if isinstance(file, dict) and isinstance(file.get("filename"), str)
        ]
        files.sort(
            key=lambda file: (
                file.get("type") != "output",
                not file["filename"].lower().endswith(ENDINGS[kind]),
            )
        )
        if not files:
            return None
        query = urlencode(
            {
                "filename": files[0]["filename"],
                "subfolder": str(files[0].get("subfolder") or ""),
                "type": str(files[0].get("type") or "output"),
            }
        )
        return Link(f"{self.base}/view?{query}", hosts=(), headers=self.headers, own=self.base)

    def _ended(self, task: str) -> Entry | None:
        """Return the job as the history has it; None while it has not ended. Raises `Later`."""
        return self._history(f"/history/{quote(task, safe='')}").get(task)

    def _history(self, path: str) -> dict[str, Entry]:
        return {str(name): self._read(entry, Entry) for name, entry in self._asked(path).items()}

    def _read[T: msgspec.Struct](self, data: Any, kind: type[T]) -> T:
        try:
            return read(data, kind)
        except UnreadableError as error:
            raise Unreadable(SILENT, provider=self.name, words=str(error)) from error

    def _place(self, task: str) -> int | None:
        """Return how many jobs are ahead, 0 for one that runs, or None if it is not queued."""
        queue = self._read(self._asked("/queue"), Queue)
        if task in map(_id_of, queue.queue_running):
            return 0
        waiting = sorted(
            (entry for entry in queue.queue_pending if _id_of(entry)),
            key=lambda entry: number_of(entry[0]) or 0,
        )
        names = [_id_of(entry) for entry in waiting]
        return names.index(task) + 1 if task in names else None

    def _asked(self, path: str) -> dict[str, Any]:
        """Return the server's answer, which is always an object. Raises `Later`."""
        answer = self._client.ask("GET", path, read=READ)
        if not answer.ok:
            words = words_of(answer)
            if is_key_refused(answer, words):
                raise KeyRefused(TEMPLATES[Refusal.KEY], provider=self.name, words=words)
            raise Later(SILENT, provider=self.name, words=words)
        try:
            found = decoded(answer.body)
        except UnreadableError:
            found = None
        if not isinstance(found, dict):
            raise Unreadable(SILENT, provider=self.name, words=answer.text, raw=answer.body)
        return found

    def recover(self, raw: bytes, request: Request, call_context: CallContext) -> Accepted | Result:
        return Accepted(raw_answer_search.task_in(raw), poll_in=0)

    def cancel(self, task_id: str) -> bool:
        """Take the job from the queue, or stop it. Only this job: others may run there."""
        name = quote(task_id, safe="")
        answer = self._client.ask("POST", f"/api/jobs/{name}/cancel", json={})
        if answer.ok:
            try:
                return bool(decoded(answer.body).get("cancelled"))
            except (UnreadableError, AttributeError):
                return False
        # An older server, which would stop any job unless asked about the one that runs.
        place = self._place(task_id)
        if place is None:
            return False
        if place:
            return self._client.ask("POST", "/queue", json={"delete": [task_id]}).ok
        return self._client.ask("POST", "/interrupt", json={"prompt_id": task_id}).ok

    def balance(self) -> Decimal | None:
        return None

    def candidates(
        self,
        request: Request,
        call_context: CallContext,
        *,
        since: datetime,
    ) -> list[Candidate]:
        mine = str(call_context.attempt)
        queue = self._read(self._asked("/queue"), Queue)
        entries = [(entry, "waiting") for entry in queue.queue_pending]
        entries += [(entry, "running") for entry in queue.queue_running]
        ended = self._history(f"/history?max_items={MOST_LISTED}")
        entries += [(entry.prompt, "ended") for entry in ended.values()]
        return [
            Candidate(_id_of(entry), created_at="", status=status, matches=True)
            for entry, status in entries
            if mine in {_id_of(entry), _extra(entry).get("studio_call")}
        ]

    def voices(self) -> list[Voice]:
        return []

    # --- the test of the connection

    def check(self) -> Health:
        """Ask for the server's state, and for every node and file that the workflows need."""
        answer = self._client.ask("GET", "/system_stats", read=READ)
        try:
            stats = answer.parsed(Stats) if answer.ok else None
        except UnreadableError:
            stats = None
        if stats is None:
            return connection_test.failed(answer)
        facts = {_("version"): brief(stats.system.comfyui_version)[:40] or "?"}
        for device in stats.devices[:4]:
            facts[brief(device.name)[:60]] = (
                f"{device.vram_free / 2**30:.1f} / {device.vram_total / 2**30:.1f} GiB"
            )
        missing = self._missing()
        if missing:
            listed = missing[:MOST_MISSING] + (["…"] if len(missing) > MOST_MISSING else [])
            return Health(ok=False, facts=facts | {_("missing"): ", ".join(listed)})
        return Health(ok=True, facts=facts)

    def _missing(self) -> list[str]:
        """Return the nodes and model files that active workflows name and the server lacks.

        Both are sorted, because PostgreSQL does not keep the order of a stored workflow.
        """
        graphs = [
            (row.options["workflow"], row.options.get("map", {}))
            for row in self.config.models.all()
            if row.is_active and row.options.get("workflow")
        ]
        classes = sorted({node["class_type"] for graph, _to in graphs for node in graph.values()})
        known = {name: self._node(name) for name in classes}
        nodes = [name for name in classes if known[name] is None]
        files: set[str] = set()
        for graph, mapping in graphs:
            ours = {target for targets in mapping.values() for target in targets}
            for number, node in graph.items():
                choices = known[node["class_type"]] or {}
                files |= {
                    brief(str(value))[:80]
                    for key, value in node["inputs"].items()
                    if key in choices
                    and f"{number}.{key}" not in ours
                    and not isinstance(value, list)
                    and value not in choices[key]
                }
        return nodes + sorted(files)

    def _node(self, name: str) -> dict[str, list[Any]] | None:
        """Return the choices of a node's inputs; None if the server does not have the node."""
        found = self._asked(f"/object_info/{quote(name, safe='')}")
        node = found.get(name)
        if not isinstance(node, dict):
            return None
        choices: dict[str, list[Any]] = {}
        inputs = node.get("input")
        for group in ("required", "optional"):
            listed = inputs.get(group) if isinstance(inputs, dict) else None
            for key, stated in listed.items() if isinstance(listed, dict) else ():
                if (known := _choices(stated)) is not None:
                    choices[key] = known
        return choices


def _choices(stated: Any) -> list[Any] | None:
    """Return the values among which an input chooses, in the older or the newer form."""
    if not isinstance(stated, list) or not stated:
        return None
    if isinstance(stated[0], list):
        return stated[0]
    more = stated[1] if len(stated) > 1 and isinstance(stated[1], dict) else {}
    if stated[0] == "COMBO" and isinstance(more.get("options"), list):
        options: list[Any] = more["options"]
        return options
    return None


def _takes(model: ModelSpec) -> ModelSpec:
    """Return the model with the sheets that it takes: as many as its workflow has inputs for."""
    return cast_references.at_most(model, len(_map(model).get("references", ())))


def _map(model: ModelSpec) -> Mapping[str, list[str]]:
    found = model.options.get("map")
    return found if isinstance(found, dict) else {}


def _size(request: ImageRequest | ClipRequest, model: ModelSpec) -> tuple[int, int]:
    """Return the size to ask for: the row's for this format, else the film's, in whole blocks."""
    stated = model.ratios.get(request.aspect_ratio, "").replace(":", "x").split("x")
    if len(stated) == 2 and all(part.isdecimal() for part in stated):  # noqa: PLR2004
        return int(stated[0]), int(stated[1])
    return (
        max(SIZES, round(request.width / SIZES) * SIZES),
        max(SIZES, round(request.height / SIZES) * SIZES),
    )


def _frames(wanted: int, step: int) -> int:
    """Return the frames to ask for: some models make one and a multiple of a step only."""
    return wanted if step <= 1 else -(-(wanted - 1) // step) * step + 1


def _id_of(entry: Any) -> str:
    return str(entry[1]) if isinstance(entry, list) and len(entry) > 1 else ""


def _extra(entry: Any) -> dict[str, Any]:
    found = entry[3] if isinstance(entry, list) and len(entry) > 3 else None  # noqa: PLR2004
    return found if isinstance(found, dict) else {}
