"""Removes expired rows, scenes deleted long ago, and files that no row references."""

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
from django.conf import settings
from django.contrib.sessions.models import Session
from django.core.files.storage import FileSystemStorage, storages
from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from accounts.login_throttle import KNOWN_FOR
from accounts.models import IdempotencyRecord, LogInAttempt, RefreshToken
from accounts.refresh_tokens import KEPT
from core.isolation import each
from jobs.enums import OPEN
from jobs.models import Job
from notifications.models import Notification, WebhookDelivery
from providers.enums import CallState
from providers.models import ProviderCall, RawAnswer
from stories.models import (
    Film,
    LibraryLook,
    Line,
    LineText,
    Scene,
    ScenePrompt,
    SheetTake,
    SoundTake,
    Story,
    StorySound,
    Take,
)
from stories.services.thumbnails import film_mark

SHORTEST_AGE = timedelta(
    days=1
)  # a file may be older than the row that will reference it, but not by a day
AT_ONCE = 200
ROWS_AT_ONCE = 2000
RAW_KEPT, DECIDED_KEPT = timedelta(days=90), timedelta(days=7)  # responses that could not be parsed
MESSAGES_KEPT = timedelta(days=90)
# Only files of these forms are removed. Other files in the store are reported.
HASH = re.compile(r"[0-9a-f]{64}")
KNOWN = re.compile(
    r"(?:calls|segments|thumbs|answers)/[0-9a-f]{2}/[0-9a-f]{64}[.-][\w.-]+"
    r"|films/[0-9a-f-]{36}/[\w-]+\.mp4|health/[0-9a-f]{32}"
)
UNFINISHED = re.compile(r"(?:.*/)?\.[^/]+\.[0-9a-f]{32}")  # temporary file of a killed process


@dataclass(slots=True)
class Finding:
    """Rows of one kind that can be removed. `remove()` deletes them and returns their number."""

    name: str
    count: int
    remove: Callable[[], int]


@dataclass(slots=True)
class Files:
    """The media storage. `orphans` are (name, bytes) of unreferenced files that are old enough."""

    kept: int = 0
    young: int = 0
    unknown: list[str] = field(default_factory=list)
    orphans: list[tuple[str, int]] = field(default_factory=list)

    @property
    def orphan_bytes(self) -> int:
        return sum(size for _name, size in self.orphans)


# --- rows


type Find = Callable[[], Finding]


def findings() -> list[Find]:
    """Returns a function for each kind that finds expired rows. One failure does not stop the
    others.
    """
    now = timezone.now()
    over: dict[str, QuerySet[Any]] = {
        "kept answers": IdempotencyRecord.objects.filter(expires_at__lt=now),
        "answers not understood": RawAnswer.objects.filter(_over_answers(now)),
        "refresh tokens": RefreshToken.objects.filter(expires_at__lt=now - KEPT),
        "log-in attempts": LogInAttempt.objects.filter(
            Q(at__lt=now - timedelta(days=1), succeeded=False) | Q(at__lt=now - KNOWN_FOR)
        ),
        "notifications": Notification.objects.filter(created_at__lt=now - MESSAGES_KEPT),
        "deliveries of webhooks": WebhookDelivery.objects.filter(
            created_at__lt=now - MESSAGES_KEPT
        ),
        "sessions": Session.objects.filter(expire_date__lt=now),
    }
    return [
        *(partial(_finding, name, found) for name, found in over.items()),
        _deleted_scenes,
        lambda: _finding("prompts", _unused_prompts()),
        lambda: _finding("texts of lines", _unused_texts()),
    ]


def rows() -> list[Finding]:
    """Returns the expired rows by kind."""
    return [find() for find in findings()]


def _deleted_scenes() -> Finding:
    deleted = Scene.objects.filter(
        deleted_at__lt=timezone.now() - timedelta(days=settings.KEEP_DELETED_DAYS)
    )
    open_items = Job.objects.filter(status__in=OPEN).exclude(item="").values_list("item", flat=True)
    free = deleted.exclude(pk__in=[item for item in open_items if _is_uuid(item)])
    return Finding("deleted scenes", free.count(), lambda: _remove_scenes(free))


def _over_answers(now: datetime) -> Q:
    """Returns responses of calls decided a week ago or earlier, and all older than a season."""
    decided = ~Q(call__state=CallState.UNCLEAR) & Q(call__ended_at__lt=now - DECIDED_KEPT)
    return Q(stored_at__lt=now - RAW_KEPT) | decided


def _is_uuid(text: str) -> bool:
    return len(text.replace("-", "")) == 32  # noqa: PLR2004  hexadecimal digits of a UUID


def _finding(name: str, found: QuerySet[Any]) -> Finding:
    def remove() -> int:
        removed = 0
        while keys := list(found.values_list("pk", flat=True)[:AT_ONCE]):
            found.filter(pk__in=keys).delete()
            removed += len(keys)
        return removed

    return Finding(name, found.count(), remove)


def _remove_scenes(found: QuerySet[Scene]) -> int:
    """Removes scenes and their takes. The calls that paid for them, and their files, remain."""
    return each(list(found.values_list("pk", flat=True)), _remove_scene)


def _remove_scene(key: Any) -> bool:
    with transaction.atomic():
        scene = Scene.objects.select_for_update().filter(pk=key, deleted_at__isnull=False).first()
        if scene is None:  # restored in the meantime
            return False
        scene.delete()
    return True


def _unused_prompts() -> QuerySet[ScenePrompt]:
    """Returns prompts without scene or take that are a day old, since a scene is written right
    after its prompt.
    """
    used = Q(Exists(Scene.objects.filter(prompt=OuterRef("pk")))) | Q(
        Exists(Take.objects.filter(prompt=OuterRef("pk")))
    )
    named = {parameters.get("prompt_id") for parameters in _open_parameters()}
    return (
        ScenePrompt.objects.filter(created_at__lt=timezone.now() - SHORTEST_AGE)
        .exclude(used)
        .exclude(pk__in=[pk for pk in named if pk])
    )


def _unused_texts() -> QuerySet[LineText]:
    """Returns texts without line, take or later version that are a day old."""
    used = Q(Exists(Line.objects.filter(current=OuterRef("pk")))) | Q(
        Exists(SoundTake.objects.filter(text=OuterRef("pk")))
    )
    used |= Q(Exists(LineText.objects.filter(previous=OuterRef("pk"))))
    return LineText.objects.filter(created_at__lt=timezone.now() - SHORTEST_AGE).exclude(used)


def _open_parameters() -> Iterator[dict[str, Any]]:
    for data in Job.objects.filter(status__in=OPEN).values_list("data", flat=True).iterator():
        yield data.get("parameters") or {}


# --- files


def files(*, min_age: timedelta) -> Files:
    """Examines every file of the media storage.

    Raises ValueError for an age below `SHORTEST_AGE`.
    """
    if min_age < SHORTEST_AGE:
        raise ValueError("Files younger than a day may be in use.")
    found, before, needed = Files(), timezone.now() - min_age, references()
    for name, size, at in _stored():
        if not KNOWN.fullmatch(name) and not UNFINISHED.fullmatch(name):
            found.unknown.append(name)
        elif name in needed:
            found.kept += 1
        elif at >= before:
            found.young += 1
        else:
            found.orphans.append((name, size))
    return found


def remove_files(found: Files, *, min_age: timedelta) -> int:
    """Deletes the orphans after checking the rows and each file's age again. Returns their number.

    A row created after that check references a newly written file, which is too recent to remove.
    """
    storage, removed, needed = storages["media"], 0, references()
    for name, _size in found.orphans:
        if name in needed:
            continue
        try:
            if storage.get_modified_time(name) >= timezone.now() - min_age:
                continue  # the same content was written again in the meantime
            storage.delete(name)
        except FileNotFoundError:
            continue
        removed += 1
    return removed


class References:
    """The files that rows reference, or that were derived from such files.

    Stores eight bytes per name. A collision is very rare and keeps an unneeded file, never the
    reverse.
    """

    def __init__(self, keys: Iterable[str]) -> None:
        self.digests = np.unique(np.fromiter((_digest(key) for key in keys), dtype=np.uint64))

    def __contains__(self, name: str) -> bool:
        digest = np.uint64(_digest(_key(name)))
        place = int(np.searchsorted(self.digests, digest))
        return place < len(self.digests) and bool(self.digests[place] == digest)

    def __len__(self) -> int:
        return len(self.digests)


def _digest(key: str) -> int:
    return int.from_bytes(hashlib.blake2b(key.encode(), digest_size=8).digest())


def _key(name: str) -> str:
    """Returns the name that rows must reference: the file's own, or that of its source."""
    folder = name.partition("/")[0]
    match = HASH.search(name) if folder in {"thumbs", "segments"} else None
    return f"{folder}:{match.group()}" if match else name


def references() -> References:
    """Reads each table that references files once, because JSON has no index to search."""
    return References(chain.from_iterable(source() for source in SOURCES))


def _column(rows: QuerySet[Any], name: str) -> Iterator[str]:
    """Yields the names in one column, or at one path of its JSON."""
    return (
        value
        for value in rows.order_by().values_list(name, flat=True).iterator(chunk_size=ROWS_AT_ONCE)
        if value
    )


# Every place where a row references a file. Files of a column missing here would be removed.
SOURCES: tuple[Callable[[], Iterable[str]], ...] = (
    lambda: _column(Take.objects.all(), "file"),
    lambda: _column(SoundTake.objects.all(), "file"),
    lambda: _column(SheetTake.objects.all(), "file"),
    lambda: _column(LibraryLook.objects.all(), "file"),
    lambda: _column(Film.objects.all(), "file"),
    lambda: _column(Story.objects.all(), "logo"),
    lambda: _column(Film.objects.exclude(light_file=""), "light_file"),
    lambda: chain.from_iterable(_files_of_stems()),
    lambda: _column(ScenePrompt.objects.all(), "reference_image"),
    lambda: _column(ProviderCall.objects.exclude(result__isnull=True), "result__file"),
    lambda: _column(ProviderCall.objects.exclude(result__isnull=True), "result__original__file"),
    lambda: _column(ProviderCall.objects.all(), "request__image_file"),
    lambda: _column(ProviderCall.objects.all(), "request__end_image_file"),
    lambda: _column(ProviderCall.objects.all(), "request__edit__file"),
    lambda: _column(RawAnswer.objects.exclude(file=""), "file"),
    lambda: (f"thumbs:{digest}" for digest in _column(Take.objects.all(), "sha256")),
    lambda: (f"thumbs:{digest}" for digest in _column(SheetTake.objects.all(), "sha256")),
    lambda: (f"thumbs:{digest}" for digest in _column(LibraryLook.objects.all(), "sha256")),
    lambda: (f"thumbs:{film_mark(film)}" for film in _films()),
    lambda: (f"segments:{digest}" for digest in _hashes_in_films()),
)


def _films() -> Iterator[Film]:
    rows = Film.objects.order_by().only("pk", "manifest_hash", "file")
    return rows.iterator(chunk_size=ROWS_AT_ONCE)


def _files_of_stems() -> Iterator[Iterable[str]]:
    """Yields the names of each story's stems."""
    rows = StorySound.objects.exclude(stems={}).order_by().values_list("stems", flat=True)
    for stems in rows.iterator(chunk_size=ROWS_AT_ONCE):
        yield stems.get("files", {}).values()


def _hashes_in_films() -> set[str]:
    """Yields the segments of each story's newest film of each kind,
    which the next version reuses.
    """
    newest: dict[tuple[Any, str], dict[str, Any]] = {}
    for story, kind, manifest in (
        Film.objects.order_by("number").values_list("story_id", "kind", "manifest").iterator()
    ):
        newest[story, kind] = manifest
    return {
        piece["hash"]
        for manifest in newest.values()
        for name in ("segments", "cross_fades", "cards")
        for piece in manifest.get(name, ())
    }


def _stored() -> Iterator[tuple[str, int, datetime]]:
    """Yields (name, bytes, modification time) of every file."""
    storage: Any = storages["media"]
    if not isinstance(storage, FileSystemStorage):
        yield from storage.objects()
        return
    root = Path(storage.location)
    for folder, _folders, names in root.walk():
        for name in names:
            path = folder / name
            try:
                stat = path.stat()
            except FileNotFoundError:
                continue
            yield (
                path.relative_to(root).as_posix(),
                stat.st_size,
                datetime.fromtimestamp(stat.st_mtime, UTC),
            )
