"""The fake providers in a bad mood: which way a piece of work goes depends on the seed and on the
work itself.
"""

import random
import threading
import uuid
from collections import Counter
from contextlib import suppress
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import httpx

from providers.amounts import rounded
from tests.fakes.elevenlabs import ElevenLabs
from tests.fakes.llm import Llm
from tests.fakes.replicate import Made, Replicate, signed
from tests.fakes.runway import Runway
from tests.fakes.server import Asked, Fake, Reply
from tests.fakes.stability import Stability

SHARE = 0.5  # of all pieces of work go well
CHARGED_AND_UNANSWERED = ("drop", "half", "garbage", "done_http_500", "slow", "bom", "more_fields")
WAYS: dict[str, tuple[str, ...]] = {
    "runway_ml": (
        *CHARGED_AND_UNANSWERED,
        *(
            "no_id",
            "drop_before",
            "http_503",
            "limit",
            "quote_text",
            "quote_words",
            "quote_null",
            "dearer",
            "cheaper",
            "new_state",
            "busy_polls",
        ),
        *(
            "lower_status",
            "progress_text",
            "nulls",
            "expired_link",
            "html_file",
            "cut_file",
            "silently_cut_file",
            "empty_file",
            "output_text",
        ),
        *(
            "output_objects",
            "cost_text",
            "cost_null",
            "completed",
            "new_final_word",
            "two_outputs",
            "in_a_list",
            "bom_task",
            "moved_within",
        ),
        *("safety_input", "safety_output", "bad_output"),
    ),
    "stability_ai": (
        *CHARGED_AND_UNANSWERED,
        *(
            "drop_before",
            "http_503",
            "limit_seconds",
            "moderated",
            "filtered",
            "wrapped",
            "data_uri",
            "url_base64",
            "seed_text",
            "seed_float",
        ),
        *(
            "seed_null",
            "seed_object",
            "lower_finish",
            "no_finish",
            "plain_picture",
            "no_artifact",
            "in_other_field",
        ),
    ),
    "replicate": (
        *CHARGED_AND_UNANSWERED,
        *(
            "no_id",
            "drop_before",
            "http_503",
            "limit",
            "busy_polls",
            "new_state",
            "failed",
            "nsfw",
            "string_output",
            "data_output",
        ),
        *(
            "object_output",
            "nulls",
            "odd_types",
            "successful",
            "upper_status",
            "new_final_word",
            "webhook_first",
            "webhook_twice",
        ),
    ),
    "elevenlabs": (
        *CHARGED_AND_UNANSWERED,
        *(
            "drop_before",
            "http_503",
            "concurrent",
            "busy",
            "lost",
            "not_in_history",
            "no_cost",
            "cost_in_words",
            "no_alignment",
            "short_alignment",
            "words_for_times",
            "in_other_field",
        ),
    ),
    "llm": (
        *CHARGED_AND_UNANSWERED,
        *(
            "drop_before",
            "http_503",
            "limit",
            "words",
            "fenced",
            "cut",
            "refused",
            "too_few",
            "gap",
            "thought",
            "prose",
            "parts",
            "tool_call",
            "no_usage",
            "text_usage",
            "no_choice",
            "inside_503",
            "inside_choice",
        ),
    ),
}


class Odd(Fake):
    """Chooses how each piece of work goes; `good` ends that."""

    provider = ""
    random_seed = 0
    good = False

    def __init__(self, **values: Any) -> None:
        super().__init__(**values)
        self.asked_before: Counter[str] = Counter()
        self.ways: Counter[str] = Counter()
        self.charged_at: dict[str, datetime] = {}
        self.slow = 2.0

    def charge(self, work: str, what: str, usd: Decimal | str, asked: Asked) -> None:
        self.charged_at[work] = datetime.now(UTC)
        super().charge(work, what, rounded(Decimal(usd)), asked)

    def scenario(self, *texts: str) -> str:
        if self.good or not texts:
            return ""
        with self.lock:
            self.asked_before[texts[0]] += 1
            name = f"{self.random_seed}:{self.provider}:{texts[0]}:{self.asked_before[texts[0]]}"
            chance = random.Random(name)
            way = "" if chance.random() < SHARE else chance.choice(WAYS[self.provider])
            self.ways[way] += 1
        return way


class OddRunway(Odd, Runway):
    """With a price above the quote now and then; a task that is deleted before it begins gives its
    credits back.
    """

    provider = "runway_ml"

    def _create(self, asked: Asked, models: Any) -> Reply:
        reply = super()._create(asked, models)
        if reply.status != 200 or not isinstance(reply.body, dict) or "id" not in reply.body:
            return reply
        task = self.tasks[reply.body["id"]]
        if task.scenario == "dearer":
            with self.lock:
                task.credits *= 3
                self.charges[task.id].usd = Decimal(task.credits) / 100
            reply.body["estimatedCost"] = {"credits": task.credits}
        return reply

    def delete(self, asked: Asked, task_id: str) -> Reply:
        reply = super().delete(asked, task_id)
        if reply.status == 204 and self.tasks[task_id].polls <= 2:
            self.charges[task_id].usd = Decimal(0)
        return reply


class OddStability(Odd, Stability):
    provider = "stability_ai"


class OddReplicate(Odd, Replicate):
    """Tells of what it has done by signed webhooks, twice now and then."""

    provider = "replicate"

    def prediction(self, asked: Asked, name: str) -> Reply:
        reply = super().prediction(asked, name)
        made = self.made.get(name)
        if made and made.scenario == "webhook_twice" and made.status == "succeeded":
            made.scenario = ""
            self.tell(made)
            self.tell(made)
        return reply

    def tell(self, made: Made) -> None:
        headers, body = signed(self._told(made))

        def send() -> None:
            with suppress(httpx.HTTPError):
                httpx.post(made.webhook, content=body, headers=headers, timeout=10)

        threading.Thread(target=send, daemon=True).start()


class OddElevenLabs(Odd, ElevenLabs):
    provider = "elevenlabs"


class OddLlm(Odd, Llm):
    """Plans with prompts that occur once, so that what is asked for later can be recognized."""

    provider = "llm"

    def _content(self, body: dict[str, Any], scenario: str) -> str | None:
        content = super()._content(body, scenario)
        for word in ("그림 ", "picture "):
            content = content and content.replace(word, f"{word}{uuid.uuid4().hex[:12]} ")
        return content


ODD: tuple[type[Odd], ...] = (OddRunway, OddStability, OddReplicate, OddElevenLabs, OddLlm)
