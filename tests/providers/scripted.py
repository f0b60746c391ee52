"""A provider for tests that costs money and does what a test has written down for it, and remembers
every time it was asked.
"""

import threading
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any, ClassVar

from providers.adapters import Accepted, Bytes, CallContext, Health, ModelSpec, Result, Running
from providers.enums import Kind
from providers.errors import Expired, Later
from providers.models import AIProviderConfig
from providers.preflight import EVERYTHING
from providers.requests import Request
from tests.pictures import picture


class Breaks:
    """A file that cannot be fetched the first `times` times."""

    trusted = False

    def __init__(self, error: type[Later] = Expired, times: int = 1) -> None:
        self.error, self.left = error, times

    def download(self, to: Any, *, should_stop: Callable[[], bool]) -> None:
        self.left -= 1
        if self.left >= 0:
            raise self.error("The link is no good.")
        to.write_bytes(picture())


type ProviderResponse = Accepted | Running | Result | BaseException | Callable[[], Any]


class Script:
    """What the provider will answer, in turn; the last answer stays. `submitted` and `polled` count
    what it was asked.
    """

    def __init__(self) -> None:
        self.submit: list[ProviderResponse] = [
            Result(media=Bytes(picture()), cost=Decimal("0.0300"))
        ]
        self.poll: list[ProviderResponse] = []
        self.submitted: list[Request] = []
        self.polled: list[str] = []
        self.lock = threading.Lock()

    def play(self, answers: list[ProviderResponse]) -> Any:
        with self.lock:
            answer = answers.pop(0) if len(answers) > 1 else answers[0]
        if isinstance(answer, BaseException):
            raise answer
        return answer() if callable(answer) else answer


class ScriptedAdapter:
    script: ClassVar[Script]
    repeatable: ClassVar[bool] = False
    needs_key: ClassVar[bool] = True
    tells_balance: ClassVar[bool] = False
    kinds: ClassVar[frozenset[Kind]] = frozenset(Kind)
    send_limit = timedelta(seconds=30)

    def __init__(self, config: AIProviderConfig) -> None:
        self.config = config

    def ready(self) -> None:
        """Always."""

    def check_request(self, request: Request, model: ModelSpec) -> None:
        """Takes everything."""

    def used_fields(self, kind: Kind, model: ModelSpec) -> frozenset[str]:
        return EVERYTHING

    def submit(self, request: Request, call_context: CallContext) -> Accepted | Result:
        with self.script.lock:
            self.script.submitted.append(request)
        return self.script.play(self.script.submit)

    def poll(self, task_id: str, request: Request, call_context: CallContext) -> Running | Result:
        with self.script.lock:
            self.script.polled.append(task_id)
        return self.script.play(self.script.poll)

    def cancel(self, task_id: str) -> bool:
        return True

    def balance(self) -> Decimal | None:
        return None

    def check(self) -> Health:
        return Health(ok=True)

    def candidates(self, request: Request, call_context: CallContext, **_kwargs: Any) -> list[Any]:
        return []

    def voices(self) -> list[Any]:
        return []
