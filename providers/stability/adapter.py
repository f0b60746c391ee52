"""Pictures by Stability AI: v2beta core, ultra and sd3, and v1 for the model that the guide names."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, ClassVar

from django.utils.translation import gettext_noop

from providers import health, keys, recovery, settings_schema, sniff, wording
from providers.adapters import Accepted, Bytes, Candidate, Card, Errand, Health, Result, Running
from providers.amounts import usd
from providers.enums import Kind, Refusal
from providers.errors import Later, Refused, Unclear
from providers.http import Answer, Line, UnreadableError, brief, checked_base, unparsable
from providers.models import AIProviderConfig
from providers.reading import bytes_of, seed_of
from providers.requests import ImageRequest, Request
from providers.settings_schema import Common

from .errors import MODERATED, problem_of, refusal
from .settings import Settings
from .wire import Artifacts, Balance, Finish, Picture, Problem

NAME = "Stability AI"
CREDIT = Decimal("0.01")  # USD
SEEDS = 4294967295
USED = frozenset({"prompt", "prompt_en", "negative", "style", "seed", "aspect_ratio"})
FILTERED, SUCCESS = "CONTENT_FILTERED", {"", "SUCCESS", "SUCCEEDED", "COMPLETED"}
MOST_WORDS = {"v1": 2000, "v2beta": 10_000}
BLURRED = gettext_noop("Stability AI made the picture, blurred it because of its content, and charged it; change the words of the prompt.")


class StabilityAdapter:
    """Each call is one POST whose answer is the picture."""

    repeatable: ClassVar[bool] = False
    needs_key: ClassVar[bool] = True
    tells_balance: ClassVar[bool] = True
    kinds: ClassVar[frozenset[Kind]] = frozenset({Kind.IMAGE})
    settings_kind: ClassVar[type[Common]] = Settings
    home: ClassVar[str] = "https://api.stability.ai"

    def __init__(self, config: AIProviderConfig) -> None:
        self.config = config
        self.settings = settings_schema.read(config.settings, Settings)
        self.read = self.settings.send_timeout
        self.send_limit = timedelta(seconds=self.read + 75)

    def _line(self, **headers: str) -> Line:
        base = checked_base(self.config.base_url, name=NAME)
        return Line(base, name=NAME, headers={"authorization": f"Bearer {keys.key_of(self.config)}", "accept": "application/json", **headers})

    def ready(self) -> None:
        self._line()

    def check_request(self, request: Request, model: Card) -> None:
        if not isinstance(request, ImageRequest):
            raise Refused(gettext_noop("Stability AI makes pictures only."), kind=Refusal.INVALID)
        wording.english(request, provider=NAME)
        if not model.endpoint:
            raise Refused(gettext_noop("Stability AI has no model named “%(model)s”."), kind=Refusal.INVALID, model=model.name)
        if model.endpoint.startswith("v1/") and request.aspect_ratio not in model.ratios:
            raise wording.no_format(request, provider=NAME, model=model.name)

    def used_fields(self, kind: Kind, model: Card) -> frozenset[str]:  # noqa: ARG002  the adapters' signature
        return USED

    def submit(self, request: Request, errand: Errand) -> Accepted | Result:
        self.check_request(request, errand.model)
        assert isinstance(request, ImageRequest)
        line = self._line(**{"stability-client-user-id": str(errand.attempt)})
        if errand.model.endpoint.startswith("v1/"):
            answer = line.spend(f"/{errand.model.endpoint}", read=self.read, json=self._v1(request, errand))
            return self._first_artifact(answer, errand)
        answer = line.spend(f"/{errand.model.endpoint}", read=self.read, files=self._v2(request, errand))
        return self._picture(answer, errand)

    def _v2(self, request: ImageRequest, errand: Errand) -> dict[str, Any]:
        """Multipart in any case, also without a file."""
        fields = {
            "prompt": wording.cut(wording.english(request, provider=NAME), MOST_WORDS["v2beta"]),
            "aspect_ratio": errand.model.ratios.get(request.aspect_ratio, request.aspect_ratio),
            "output_format": "png",
            "seed": str(request.seed % SEEDS),
            **errand.model.options.get("fields", {}),
        }
        if request.negative.strip() and wording.is_english(request.negative):
            fields["negative_prompt"] = wording.cut(request.negative, MOST_WORDS["v2beta"])
        return {name: (None, value) for name, value in fields.items()}

    def _v1(self, request: ImageRequest, errand: Errand) -> dict[str, Any]:
        width, height = errand.model.ratios[request.aspect_ratio].split("x")
        prompts: list[dict[str, Any]] = [{"text": wording.cut(wording.english(request, provider=NAME), MOST_WORDS["v1"]), "weight": 1}]
        if request.negative.strip() and wording.is_english(request.negative):
            prompts.append({"text": wording.cut(request.negative, MOST_WORDS["v1"]), "weight": -1})
        return {
            "text_prompts": prompts,
            "width": int(width),
            "height": int(height),
            "samples": 1,
            "steps": self.settings.default_steps,
            "seed": request.seed % SEEDS,
        }

    def _picture(self, answer: Answer, errand: Errand) -> Result:
        if not answer.ok:
            raise refusal(answer)
        if sniff.is_picture(answer.body):  # it came as itself and not in JSON
            headers = answer.headers
            return self._result(headers.get("finish-reason", ""), answer.body, seed_of(headers.get("seed")), errand, answer)
        try:
            said = answer.parsed(Picture)
            return self._result(said.finish_reason, bytes_of(said.image), seed_of(said.seed), errand, answer)
        except UnreadableError as error:
            raise self._without(answer, errand) from error

    def _first_artifact(self, answer: Answer, errand: Errand) -> Result:
        if not answer.ok:
            raise refusal(answer)
        if sniff.is_picture(answer.body):
            return self._picture(answer, errand)
        try:
            said = next(iter(answer.parsed(Artifacts).artifacts), None)
            if said is None:
                raise self._without(answer, errand)
            return self._result(said.finish_reason, bytes_of(said.base64), seed_of(said.seed), errand, answer)
        except UnreadableError as error:
            raise self._without(answer, errand) from error

    def _without(self, answer: Answer, errand: Errand) -> Refused | Unclear:
        """A success without a picture: a refusal of the content when it says so, else for a person to look at."""
        try:
            problem = answer.parsed(Problem)
            finish = answer.parsed(Finish).finish_reason
        except UnreadableError:
            return unparsable(NAME, answer)
        if finish.upper() == FILTERED:
            return Refused(BLURRED, kind=Refusal.MODERATED, cost=errand.estimate)
        return refusal(answer) if problem.name.lower() in MODERATED else unparsable(NAME, answer)

    def _result(self, finish: str, image: bytes, seed: int | None, errand: Errand, answer: Answer) -> Result:
        """The answer names no cost; the price list does. An unknown way to finish is looked at by a person."""
        if finish.upper() == FILTERED:
            raise Refused(BLURRED, kind=Refusal.MODERATED, cost=errand.estimate)
        if finish.upper() not in SUCCESS:
            template = gettext_noop("Stability AI ended with “%(finish)s”; whether it charged that is not known.")
            raise Unclear(template, finish=brief(finish)[:60], raw=answer.body)
        return Result(media=Bytes(image), seed=seed)

    def recover(self, raw: bytes, request: Request, errand: Errand) -> Accepted | Result:  # noqa: ARG002  the adapters' signature
        return Result(media=Bytes(recovery.picture_in(raw)))

    def poll(self, task_id: str, request: Request, errand: Errand) -> Running | Result:  # noqa: ARG002  the adapters' signature
        """Results of these endpoints are never kept; a person who attaches an id learns that here."""
        raise Unclear(gettext_noop("Stability AI keeps no pictures: a lost answer cannot be fetched again."))

    def cancel(self, task_id: str) -> bool:  # noqa: ARG002  the adapters' signature
        return False

    def balance(self) -> Decimal | None:
        answer = self._line().ask("GET", "/v1/user/balance")
        if not answer.ok:
            raise Later(gettext_noop("Stability AI does not tell the balance: %(words)s"), words=problem_of(answer).words)
        try:
            return usd(answer.parsed(Balance).credits, unit=CREDIT)
        except UnreadableError as error:
            raise Later(gettext_noop("Stability AI does not tell the balance: %(words)s"), words=answer.text) from error

    def check(self) -> Health:
        line = self._line()
        answer = line.ask("GET", "/v1/user/balance")
        if not answer.ok:
            return health.failed(answer)
        engines = line.ask("GET", "/v1/engines/list")
        try:
            left = usd(answer.parsed(Balance).credits, unit=CREDIT)
        except UnreadableError:
            return health.failed(answer)
        known = ", ".join(name for name in health.own_models(self.config) if engines.ok and f'"{name}"'.encode() in engines.body)
        return Health(ok=True, facts={"balance": f"{left} USD", **({"v1 engines": known} if known else {})})

    def candidates(self, request: Request, errand: Errand, *, since: datetime) -> list[Candidate]:  # noqa: ARG002  keeps no list
        return []
