"""Adapter of the local provider: free, without key and network, with the common interface."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import ClassVar

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from core.localized_messages import LocalizedMessage
from core.unavailable import ServiceUnavailableError
from media import image_import
from media.errors import MediaError
from media.image_segment import encode_still
from providers import edits, keyframes, vision
from providers.adapters import (
    Accepted,
    Bytes,
    CallContext,
    Candidate,
    Health,
    ModelSpec,
    Result,
    Running,
    Voice,
)
from providers.enums import Kind, Refusal
from providers.errors import Expired, Invalid, Refused, Unclear
from providers.models import AIProviderConfig
from providers.requests import (
    ClipRequest,
    Edit,
    ImageRequest,
    MusicRequest,
    Request,
    SoundRequest,
    SpeechRequest,
    TextRequest,
    kind_of,
)
from providers.settings_schema import Common
from providers.store import local_copy

from . import cast_looks, fault_injection, sound
from .cast import cast
from .illustrator import draw_sheet, paint
from .planner import plan
from .vocabulary import visual_words

FREE = Decimal(0)
NAME = "The local provider"
TASKS: dict[str, frozenset[str]] = {
    Kind.IMAGE: frozenset({edits.MAKE, edits.CHANGE, edits.MASK}),
    Kind.CLIP: frozenset({edits.MAKE}),
}
SAMPLES = {"ko": "새벽 바다에 등대가 보였다.", "en": "A lighthouse stood at the sea."}
PICTURE = frozenset(
    {"prompt", "prompt_en", "negative", "style", "seed", "aspect_ratio", "width", "height"}
)
USED = {
    Kind.IMAGE: PICTURE | {"references"},
    Kind.CLIP: PICTURE | {"fps", "duration_ms", "camera", "image_file"},
    Kind.SPEECH: frozenset({"text", "language", "voice", "speed", "seed"}),
    Kind.MUSIC: frozenset({"mood", "duration_ms", "seed"}),
    Kind.SOUND: frozenset({"prompt", "duration_ms", "seed"}),
    Kind.TEXT: frozenset({"task", "script", "scenes", "language", "style", "aspect_ratio"}),
}


def _redrawn(request: ImageRequest, edit: Edit) -> bytes:
    """Return the picture drawn again with the words of the change added to what it showed.

    With a mask only the part that changes is taken from the new drawing.
    """
    new = paint(
        f"{request.prompt}. {edit.about}",
        prompt_en=f"{request.prompt_en}. {edit.about_en}",
        style=request.style,
        negative=request.negative,
        seed=edit.seed,
        size=(request.width, request.height),
    )
    if not edit.mask:
        return new
    before, _mime = edits.picture_of(edit)
    mask = edits.mask_over(before, edit.mask)
    whole = image_import.decode(before).convert("RGB")
    whole.paste(image_import.decode(new).convert("RGB").resize(whole.size), mask=mask)
    return edits.as_png(whole)


def _painted(request: ImageRequest | ClipRequest) -> bytes:
    figures, shown = cast_looks.seen_in(request.cast)
    if isinstance(request, ImageRequest) and request.sheet and figures:
        return draw_sheet(figures[0], size=(request.width, request.height))
    bare = isinstance(request, ImageRequest) and request.sheet  # its prompt is for models
    words = ("", "") if bare else (request.prompt, request.prompt_en)
    prompt, english = map(cast_looks.without_pronouns, words) if figures else words
    return paint(
        prompt,
        prompt_en=english,
        style=request.style,
        negative=request.negative,
        seed=request.seed,
        size=(request.width, request.height),
        cast=figures,
        shown=shown,
    )


@dataclass(frozen=True, slots=True)
class Filmed:
    """A clip that is rendered when it is downloaded.

    The camera moves over the scene's image, or over one rendered from the prompt.
    """

    request: ClipRequest
    call_context: CallContext
    trusted: bool = True

    def download(self, to: Path, *, should_stop: Callable[[], bool]) -> None:
        request, film = self.request, to.with_name("film.mp4")
        with self._picture(to.parent) as picture:
            try:
                encode_still(
                    picture,
                    film,
                    frames=max(1, round(request.duration_ms * request.fps / 1000)),
                    size=(request.width, request.height),
                    fps=request.fps,
                    camera=request.camera,
                    should_stop=lambda: should_stop() or self.call_context.should_stop(),
                    on_progress=self.call_context.on_progress,
                )
            except MediaError as error:
                if error.code == "disk_full":  # it is temporary and unrelated to this clip
                    raise ServiceUnavailableError(
                        error.sentence.template, **error.sentence.values
                    ) from error
                kind = Refusal.CANCELLED if error.code == "stopped" else Refusal.FAILED
                raise Refused.of(error.sentence, kind=kind) from error
        film.replace(to)

    def _picture(self, folder: Path) -> AbstractContextManager[Path]:
        if self.request.image_file:
            return local_copy(self.request.image_file, folder)
        drawn = folder / "drawn.png"
        drawn.write_bytes(_painted(self.request))
        return nullcontext(drawn)


@dataclass(frozen=True, slots=True)
class ExpiredLink:
    """Fault injection: an expired link; polling the task again returns a valid one."""

    trusted: bool = True

    def download(self, to: Path, *, should_stop: Callable[[], bool]) -> None:
        raise Expired(
            gettext_noop(
                "Injected fault: the link to the result has expired; a new one is asked for."
            )
        )


class LocalAdapter:
    """Renders images and clips, speaks lines, makes music and effects, and splits scripts.

    Its calls are free, so a lost call is simply repeated.
    """

    repeatable: ClassVar[bool] = True
    needs_key: ClassVar[bool] = False
    tells_balance: ClassVar[bool] = False
    draws_letters: ClassVar[bool] = False  # rows of fruit and windows look like letters
    kinds: ClassVar[frozenset[Kind]] = frozenset(
        {Kind.TEXT, Kind.IMAGE, Kind.CLIP, Kind.SPEECH, Kind.MUSIC, Kind.SOUND}
    )
    settings_kind: ClassVar[type[Common]] = Common
    own_tasks: ClassVar[dict[str, frozenset[str]]] = TASKS  # without a row that says so
    home: ClassVar[str] = ""
    send_limit = timedelta(0)

    def __init__(self, config: AIProviderConfig) -> None:
        self.settings = config.settings if isinstance(config.settings, dict) else {}

    def ready(self) -> None:
        """Do nothing: the local provider is always ready."""

    def check_request(self, request: Request, model: ModelSpec) -> None:
        """Accept every request that a local voice can speak and a local mood can play."""
        keyframes.require_end(request, model, provider=NAME, takes=False)
        if isinstance(request, ImageRequest | ClipRequest):
            does = TASKS[kind_of(request)]
            edits.require(request, model, provider=NAME, can=does, known=does)
        vision.require_vision(request, model, provider=NAME, takes=False)
        if isinstance(request, SpeechRequest | MusicRequest | SoundRequest):
            sound.check(request)

    def unsent(self, request: Request) -> list[LocalizedMessage]:
        """Return whom and what of the cast the drawing leaves out, in words."""
        if not isinstance(request, ImageRequest | ClipRequest):
            return []
        if isinstance(request, ClipRequest) and request.image_file:
            return []  # the camera moves over the picture, whatever it shows
        return cast_looks.left_out(request.cast)

    def used_fields(self, kind: Kind, model: ModelSpec) -> frozenset[str]:
        return USED[kind]

    def submit(self, request: Request, call_context: CallContext) -> Accepted | Result:
        self.check_request(request, call_context.model)
        scenario = fault_injection.scenario(self.settings, kind_of(request), call_context)
        if scenario and (task := fault_injection.play(scenario, self.settings, call_context)):
            return task
        if scenario == "broken_file":
            return Result(media=Bytes(b"This is no picture."), cost=FREE)
        if scenario == "black_picture" and isinstance(request, ImageRequest):
            black = fault_injection.black_picture((request.width, request.height))
            return Result(media=Bytes(black), cost=FREE)
        return self._made(request, call_context)

    def _made(self, request: Request, call_context: CallContext) -> Result:
        match request:
            case ImageRequest():
                edit = request.edit
                drawn = _painted(request) if edit is None else _redrawn(request, edit)
                return Result(media=Bytes(drawn, trusted=True), cost=FREE, seed=request.seed)
            case ClipRequest():
                return Result(media=Filmed(request, call_context), cost=FREE, seed=request.seed)
            case SpeechRequest() | MusicRequest() | SoundRequest():
                return sound.made(request, call_context)
            case TextRequest(task="to_english"):
                return Result(
                    data={"text": ", ".join(word.gloss for word in visual_words(request.script))},
                    cost=FREE,
                )
            case TextRequest():
                scenes = plan(request)
                return Result(data={"scenes": scenes, "cast": cast(request, scenes)}, cost=FREE)
            case _:
                raise Refused(
                    gettext_noop("The local provider makes no sound."), kind=Refusal.INVALID
                )

    def poll(self, task_id: str, request: Request, call_context: CallContext) -> Running | Result:
        """Poll a fault injection task, `local-<scenario>-<ready at>-<attempt>`.

        Any other id, such as one that a person attached, is ready at once.
        """
        scenario, _, rest = task_id.removeprefix("local-").partition("-")
        ready_at, _, _attempt = rest.partition("-")
        if ready_at.isdigit() and (left := int(ready_at) - timezone.now().timestamp()) > 0:
            return Running(
                poll_in=min(1.0, max(0.1, left)), progress=max(0, min(90, 90 - int(left * 10)))
            )
        if scenario == "async_failed":
            raise Refused(
                gettext_noop("Injected fault: the provider worked on it and failed."),
                kind=Refusal.FAILED,
            )
        if scenario == "async_lost":
            raise Unclear(gettext_noop("Injected fault: the task is gone at the provider."))
        if (
            scenario == "expired_link"
            and ready_at.isdigit()
            and timezone.now().timestamp() - int(ready_at)
            < fault_injection.seconds(self.settings, 3)
        ):
            return Result(media=ExpiredLink(), cost=FREE)
        return self._made(request, call_context)

    def recover(self, raw: bytes, request: Request, call_context: CallContext) -> Accepted | Result:
        raise Invalid(gettext_noop("The local provider's calls are made again by themselves."))

    def cancel(self, task_id: str) -> bool:
        return True

    def balance(self) -> Decimal | None:
        return None

    def check(self) -> Health:
        return Health(ok=True, facts={"price": "0.00 USD"})

    def candidates(
        self,
        request: Request,
        call_context: CallContext,
        *,
        since: datetime,
    ) -> list[Candidate]:
        return []

    def voices(self) -> list[Voice]:
        """Return the voices that need no network; a scratch voice is for timing,
        not for delivery.
        """
        # Imported here: an installation whose films are silent loads no library of voices.
        from .voices import VOICES  # noqa: PLC0415  see above

        scratch = _("Scratch voice, for timing only")
        return [
            Voice(
                voice.name,
                scratch if voice.scratch else voice.name.capitalize(),
                (voice.language,),
                sample_text=SAMPLES.get(voice.language, ""),
            )
            for voice in VOICES.values()
        ]

    def sample(self, voice: Voice) -> bytes:
        """Return the voice's sample text as a sound file. Raises LimitedError or BusyError."""
        from .voices.sampling import sample  # noqa: PLC0415  see `voices`

        language = voice.languages[0] if voice.languages else "en"
        return sample(voice.sample_text, voice.id, language)
