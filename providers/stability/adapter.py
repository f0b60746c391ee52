"""Pictures by Stability AI: v2beta core, ultra and sd3, and v1 for the model that the guide names."""

import base64
import binascii
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, ClassVar

import msgspec
from django.utils.translation import gettext_noop

from providers import keys, wording
from providers.adapters import Accepted, Bytes, Candidate, Card, Errand, Health, Result, Running
from providers.amounts import usd
from providers.enums import Kind, Refusal
from providers.errors import Later, Refused, Unclear
from providers.http import Answer, Line, checked_base, unparsable
from providers.models import AIProviderConfig
from providers.requests import ImageRequest, Request

from .errors import problem_of, refusal
from .wire import Artifacts, Balance, Engine, Picture

NAME = "Stability AI"
CREDIT = Decimal("0.01")  # USD
READ = 180.0  # seconds; the picture comes in the answer
SEEDS = 4294967295
USED = frozenset({"prompt", "prompt_en", "negative", "style", "seed", "aspect_ratio"})
MOST_WORDS = {"v1": 2000, "v2beta": 10_000}
BLURRED = gettext_noop("Stability AI made the picture, blurred it because of its content, and charged it; change the words of the prompt.")


class StabilityAdapter:
    """Each call is one POST whose answer is the picture."""

    repeatable: ClassVar[bool] = False
    needs_key: ClassVar[bool] = True
    tells_balance: ClassVar[bool] = True
    kinds: ClassVar[frozenset[Kind]] = frozenset({Kind.IMAGE})

    def __init__(self, config: AIProviderConfig) -> None:
        self.config = config
        self.read = float(config.settings.get("send_timeout", READ))
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
            fields["negative_prompt"] = request.negative
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
            "steps": int(self.config.settings.get("default_steps", 30)),
            "seed": request.seed % SEEDS,
        }

    def _picture(self, answer: Answer, errand: Errand) -> Result:
        if not answer.ok:
            raise refusal(answer)
        try:
            said = answer.parsed(Picture)
        except msgspec.MsgspecError as error:
            raise unparsable(NAME, answer) from error
        return self._result(said.finish_reason, said.image, said.seed, errand, answer)

    def _first_artifact(self, answer: Answer, errand: Errand) -> Result:
        if not answer.ok:
            raise refusal(answer)
        try:
            said = answer.parsed(Artifacts).artifacts[0]
        except (msgspec.MsgspecError, IndexError) as error:
            raise unparsable(NAME, answer) from error
        return self._result(said.finish_reason, said.base64, said.seed, errand, answer)

    def _result(self, finish: str, image: str, seed: int | None, errand: Errand, answer: Answer) -> Result:
        """The answer names no cost; the price list does. An unknown way to finish is looked at by a person."""
        if finish == "CONTENT_FILTERED":
            raise Refused(BLURRED, kind=Refusal.MODERATED, cost=errand.estimate)
        if finish != "SUCCESS":
            raise Unclear(gettext_noop("Stability AI ended with “%(finish)s”; whether it charged that is not known."), finish=finish[:60])
        try:
            return Result(media=Bytes(base64.b64decode(image, validate=True)), seed=seed)
        except binascii.Error as error:
            raise unparsable(NAME, answer) from error

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
        except msgspec.MsgspecError as error:
            raise Later(gettext_noop("Stability AI does not tell the balance: %(words)s"), words=answer.text) from error

    def check(self) -> Health:
        line = self._line()
        answer = line.ask("GET", "/v1/user/balance")
        if not answer.ok:
            return Health(ok=False, facts={"answer": problem_of(answer).words})
        engines = line.ask("GET", "/v1/engines/list")
        try:
            left = usd(answer.parsed(Balance).credits, unit=CREDIT)
            known = ", ".join(engine.id for engine in engines.parsed(list[Engine])) if engines.ok else ""
        except msgspec.MsgspecError:
            return Health(ok=False, facts={"answer": answer.text})
        return Health(ok=True, facts={"balance": f"{left} USD", **({"v1 engines": known} if known else {})})

    def candidates(self, request: Request, errand: Errand, *, since: datetime) -> list[Candidate]:  # noqa: ARG002  keeps no list
        return []
