"""What adapters of OpenAI's API share, whether OpenAI answers or a server of one's own."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import ClassVar

import msgspec
from django.utils.translation import gettext_noop

from . import connection_test, keys
from .adapters import CallContext, Candidate, Health, Voice
from .client import ProviderClient, UnreadableError, checked_base
from .errors import NotConfigured
from .models import AIProviderConfig
from .requests import Request


class Model(msgspec.Struct):
    id: str


class Models(msgspec.Struct):
    data: list[Model]


class OpenAIServer:
    """Each call is one POST, and nothing is kept at the server: there is nothing to poll, cancel
    or list.
    """

    repeatable: ClassVar[bool] = False
    needs_key: ClassVar[bool] = False  # servers of one's own need none; `ready` asks for OpenAI's
    tells_balance: ClassVar[bool] = False
    home: ClassVar[str] = "https://api.openai.com/v1"

    def __init__(self, config: AIProviderConfig, *, timeout: float) -> None:
        self.config = config
        self.is_openai = keys.is_at_home(config)
        self.name = config.name
        self.timeout = timeout
        self.send_limit = timedelta(seconds=timeout + 75)

    def _client(self) -> ProviderClient:
        base = checked_base(self.config.base_url, name=self.name)
        key = keys.key_of(self.config)
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        return ProviderClient(base, name=self.name, headers=headers)

    def ready(self) -> None:
        self._client()
        if self.is_openai and not keys.has_key(self.config):
            raise NotConfigured(gettext_noop("%(provider)s has no key."), provider=self.config.name)

    def cancel(self, task_id: str) -> bool:
        return False

    def balance(self) -> Decimal | None:
        return None

    def check(self) -> Health:
        answer = self._client().ask("GET", "/models")
        try:
            names = [model.id for model in answer.parsed(Models).data] if answer.ok else None
        except UnreadableError:
            names = None
        if names is None:
            return connection_test.failed(answer)
        own = ", ".join(name for name in connection_test.own_models(self.config) if name in names)
        return Health(ok=True, facts={"models": own or str(len(names))})

    def candidates(
        self, request: Request, call_context: CallContext, *, since: datetime
    ) -> list[Candidate]:
        return []

    def voices(self) -> list[Voice]:
        return []
