"""Endpoints of connections to providers: adding, changing, testing, pausing and archiving them."""

from decimal import Decimal
from typing import Annotated, Any, Literal

import msgspec
from django.db import transaction
from django.db.models import QuerySet
from msgspec import UNSET, Meta, UnsetType

from api.components import Body, Query
from api.controllers import ApiController, Call, operation
from api.inputs import Empty, Strict, text
from api.problems import forbidden, not_found
from api.responses import Created
from providers import keys, ledger, registry, usage
from providers.enums import Kind
from providers.models import AIProviderConfig
from providers.services import configs
from providers.services import connections as domain
from providers.voices import has_sample, voices_of
from stories.api.inputs.parts import Budget, sent_values

from .base import PROVIDERS, api
from .ledger import SEE as SEE_MONEY
from .ledger import CallOut, call_out
from .outputs.parts import Moment, Money, money

SEE = "providers.view_aiproviderconfig"

Name = Annotated[str, text(least=1, most=80), Meta(description="Its name for people.")]
Address = Annotated[
    str, text(most=200), Meta(description="Where it is called; empty: the provider's own address.")
]
Key = Annotated[
    str,
    text(most=500),
    Meta(
        description="The key at the provider. It is stored encrypted and never shown again.",
        extra_json_schema={"writeOnly": True},
    ),
]
Limit = Annotated[int, Meta(ge=0, le=1_000_000)]
Price = Annotated[
    str,
    Meta(
        pattern=r"^[0-9]{1,6}(\.[0-9]{1,4})?$",
        max_length=11,
        description="USD as a decimal string; null: no price, so no call.",
    ),
]
Settings = Annotated[
    dict[str, Any], Meta(description="What is particular to its kind, see the list of kinds.")
]
KindName = Annotated[
    str,
    Meta(
        description="The kind of connection.",
        max_length=40,
        extra_json_schema={"enum": sorted(registry.NAMES)},
    ),
]


class ProviderFilter(Strict):
    """By name."""

    archived: Annotated[bool, Meta(description="Those in the archive.")] = False


class ProviderIn(Strict):
    """It begins switched off, with the models of its kind."""

    kind: KindName
    provider: Annotated[
        str,
        Meta(
            pattern=r"^[-a-zA-Z0-9_]{1,40}$",
            description="Identifies it in stories and scenes, such as `gpu-2`. It stays as it is.",
        ),
    ]
    name: Name
    base_url: Address = ""
    api_key: Key = ""


class ProviderPatch(Strict):
    """Only what is sent is changed."""

    name: Name | UnsetType = UNSET
    is_active: Annotated[bool, Meta(description="Whether it is used at all.")] | UnsetType = UNSET
    base_url: Address | UnsetType = UNSET
    api_key: Key | UnsetType | None = UNSET
    rate_limit_per_minute: Limit | UnsetType | None = UNSET
    rate_limit_per_hour: Limit | UnsetType | None = UNSET
    max_concurrent: Limit | UnsetType | None = UNSET
    monthly_budget: Budget | UnsetType | None = UNSET
    cost_per_image: Price | UnsetType | None = UNSET
    cost_per_second_video: Price | UnsetType | None = UNSET
    cost_per_text_call: Price | UnsetType | None = UNSET
    settings: Settings | UnsetType = UNSET
    archived: (
        Annotated[
            bool,
            Meta(description="Not offered any more; its key is removed, its calls and costs stay."),
        ]
        | UnsetType
    ) = UNSET


class ProviderPauseIn(Strict):
    reason: Annotated[str, text(least=1, most=200), Meta(description="Why it is paused.")]


class ProviderOut(msgspec.Struct):
    """A connection to a provider, without its key and its address."""

    provider: Annotated[str, Meta(description="Identifies it in stories and scenes.")]
    name: Annotated[str, Meta(description="Its name for people.")]
    kind: Annotated[str, Meta(description="The kind of connection.")]
    is_active: Annotated[bool, Meta(description="Whether it is used at all.")]
    is_paused: Annotated[bool, Meta(description="Jobs wait instead of calling it.")]
    pause_reason: Annotated[str, Meta(description="Why it is paused.")]
    test_works: Annotated[bool | None, Meta(description="Whether the last test worked.")]
    tested_at: Annotated[Moment | None, Meta(description="When it was tested last.")]
    test_note: Annotated[str, Meta(description="Why the last test failed, for people.")]
    archived_at: Annotated[Moment | None, Meta(description="When it was archived.")]


class ProviderDetail(ProviderOut):
    base_url: Annotated[str, Meta(description="Where it is called.")]
    key: Annotated[
        Literal["none", "stored", "environment", "other_address"],
        Meta(
            description="Where its key comes from. `other_address`: it was entered for another "
            "host and is not sent; enter it again."
        ),
    ]
    key_ends: Annotated[str, Meta(description="The last characters of a long key.")]
    rate_limit_per_minute: Limit | None
    rate_limit_per_hour: Limit | None
    max_concurrent: Limit | None
    monthly_budget: Annotated[Money | None, Meta(description="Of a month; null: no limit.")]
    cost_per_image: Annotated[Money | None, Meta(description="Of models without a price.")]
    cost_per_second_video: Annotated[Money | None, Meta(description="Of models without a price.")]
    cost_per_text_call: Annotated[Money | None, Meta(description="Of models without a price.")]
    settings: Settings
    created_at: Annotated[Moment, Meta(description="When it was added.")]


class ProvidersOut(msgspec.Struct):
    items: Annotated[list[ProviderOut], Meta(description="By name.")]


class LimitUse(msgspec.Struct):
    used: Annotated[int, Meta(description="Calls that count now.")]
    limit: Annotated[int | None, Meta(description="Null: no limit.")]


class ProviderMoney(msgspec.Struct):
    spent: Annotated[str, Meta(description="USD of this month: paid, reserved or unconfirmed.")]
    monthly_budget: Annotated[Money | None, Meta(description="Of a month; null: no limit.")]
    balance: Annotated[Money | None, Meta(description="Left at the provider; null: not known.")]
    balance_at: Annotated[Moment | None, Meta(description="When the provider told it.")]
    last_errors: Annotated[
        list[CallOut], Meta(description="The newest calls that were refused or are unclear.")
    ]


class ProviderUse(msgspec.Struct):
    """How much of its limits and its budget is used, and whether it is ready."""

    missing: Annotated[
        list[Literal["key", "test", "price"]],
        Meta(description="Steps of the set-up that are open: key, test, a model with a price."),
    ]
    not_before: Annotated[Moment | None, Meta(description="The provider asked to wait until then.")]
    minute: Annotated[LimitUse, Meta(description="Calls in a minute.")]
    hour: Annotated[LimitUse, Meta(description="Calls in an hour.")]
    at_once: Annotated[LimitUse, Meta(description="Calls at once.")]
    money: Annotated[ProviderMoney | None, Meta(description="Null for who may not see the ledger.")]


class ProviderTestOut(msgspec.Struct):
    works: Annotated[bool, Meta(description="Whether address and key work.")]
    facts: Annotated[dict[str, str], Meta(description="What the provider said, for people.")]


class ProviderBalanceOut(msgspec.Struct):
    balance: Annotated[Money | None, Meta(description="Null: the provider does not tell it now.")]
    balance_at: Annotated[Moment | None, Meta(description="When the provider told it.")]


class ProviderKindOut(msgspec.Struct):
    kind: Annotated[str, Meta(description="Identifies it when a connection is added.")]
    name: Annotated[str, Meta(description="Its name for people.")]
    makes: Annotated[list[Kind], Meta(description="What can be asked of it.")]
    needs_key: Annotated[bool, Meta(description="It is not called without a key.")]
    tells_balance: Annotated[bool, Meta(description="It can be asked what is left.")]
    base_url: Annotated[
        str, Meta(description="The provider's own address; empty: an address must be entered.")
    ]
    settings: Annotated[list[str], Meta(description="Names of the settings it has.")]


class ProviderKindsOut(msgspec.Struct):
    items: Annotated[list[ProviderKindOut], Meta(description="By name.")]


def provider_of(call: Call, provider: str) -> AIProviderConfig:
    """The connection that a request names. Raises 403 or 404."""
    if not call.user.has_perm(SEE):
        raise forbidden()
    row = AIProviderConfig.objects.filter(provider=provider).first()
    if row is None:
        raise not_found()
    return row


def _values(row: AIProviderConfig) -> dict[str, Any]:
    return {
        "provider": row.provider,
        "name": row.name,
        "kind": row.kind or row.provider,
        "is_active": row.is_active,
        "is_paused": row.is_paused,
        "pause_reason": str(row.paused_because),
        "test_works": row.test_works,
        "tested_at": row.tested_at,
        "test_note": str(row.test_note),
        "archived_at": row.archived_at,
    }


def provider_out(row: AIProviderConfig) -> ProviderOut:
    return ProviderOut(**_values(row))


def _amount(value: Decimal | None) -> str | None:
    return None if value is None else money(value)


def _detail(row: AIProviderConfig) -> ProviderDetail:
    return ProviderDetail(
        **_values(row),
        base_url=row.base_url,
        key=keys.source_of(row),
        key_ends=keys.hint_of(row),
        rate_limit_per_minute=row.rate_limit_per_minute,
        rate_limit_per_hour=row.rate_limit_per_hour,
        max_concurrent=row.max_concurrent,
        monthly_budget=_amount(row.monthly_budget),
        cost_per_image=_amount(row.cost_per_image),
        cost_per_second_video=_amount(row.cost_per_second_video),
        cost_per_text_call=_amount(row.cost_per_text_call),
        settings=row.settings if isinstance(row.settings, dict) else {},
        created_at=row.created_at,
    )


def _money_of(row: AIProviderConfig) -> ProviderMoney:
    return ProviderMoney(
        spent=money(ledger.counted(provider=row.provider, since=ledger.month_start())),
        monthly_budget=_amount(row.monthly_budget),
        balance=_amount(row.balance),
        balance_at=row.balance_at,
        last_errors=[call_out(found) for found in usage.last_errors(row)],
    )


def _limit_use(use: usage.Use) -> LimitUse:
    return LimitUse(int(use.used), None if use.limit is None else int(use.limit))


class ProviderVoice(msgspec.Struct):
    id: str
    name: str
    languages: Annotated[
        list[str], Meta(description="ISO 639-1 codes, as far as the provider names them.")
    ]
    has_sample: Annotated[
        bool, Meta(description="Whether it can be heard on the page of a story's sound.")
    ]


class ProviderVoices(msgspec.Struct):
    items: list[ProviderVoice]


@api.at("provider_kinds/")
class ProviderKindsController(ApiController):
    tags = (PROVIDERS,)

    @operation("list_provider_kinds", summary="List kinds of connections")
    def get(self) -> ProviderKindsOut:
        """Any number of connections may be of one kind, each with its own key and limits."""
        if not self.user.has_perm(SEE):
            raise forbidden()
        found = sorted(registry.NAMES.items(), key=lambda one: str(one[1]).lower())
        return ProviderKindsOut([_kind_out(kind, str(name)) for kind, name in found])


def _kind_out(kind: str, name: str) -> ProviderKindOut:
    adapter = registry.known_adapter_class(kind)
    return ProviderKindOut(
        kind=kind,
        name=name,
        makes=[one for one in Kind if one in adapter.kinds],
        needs_key=adapter.needs_key,
        tells_balance=adapter.tells_balance,
        base_url=adapter.home,
        settings=sorted(adapter.settings_kind.__dataclass_fields__),
    )


@api.at("providers/")
class ProvidersController(ApiController):
    tags = (PROVIDERS,)

    @operation("list_providers", summary="List providers")
    def get(self, query: Query[ProviderFilter]) -> ProvidersOut:
        """By name. Keys are never shown."""
        if not self.user.has_perm(SEE):
            raise forbidden()
        rows = AIProviderConfig.objects.filter(archived_at__isnull=not query.archived)
        return ProvidersOut([provider_out(row) for row in rows.order_by("name", "pk")])

    @operation("add_provider", summary="Add a connection to a provider", problems=(409,))
    def post(self, body: Body[ProviderIn]) -> Created[ProviderDetail]:
        """Another account or server of a kind. It begins switched off; test it, then switch it on
        with `is_active`.
        """
        if not self.user.has_perm(SEE):
            raise forbidden()
        row = AIProviderConfig(
            kind=body.kind, provider=body.provider, name=body.name, base_url=body.base_url
        )
        made = domain.add(row, actor=self.user, key=body.api_key)
        return Created(_detail(made), Location=f"{self.request.path}{made.provider}/")


@api.at("providers/<slug:provider>/")
class ProviderController(ApiController):
    tags = (PROVIDERS,)

    def locked(self) -> QuerySet[AIProviderConfig]:
        return AIProviderConfig.objects.filter(provider=self.kwargs["provider"])

    @operation("get_provider", summary="Show a connection to a provider")
    def get(self, provider: str) -> ProviderDetail:
        """Its limits, prices and settings. Its key is never shown."""
        return _detail(provider_of(self, provider))

    @operation("patch_provider", summary="Change a connection to a provider", problems=(409,))
    def patch(self, provider: str, body: Body[ProviderPatch]) -> ProviderDetail:
        """A key belongs to the host for which it was entered: with another `base_url` send it
        again. Null removes it. Connections are archived, not deleted: the ledger refers to them.
        """
        row = provider_of(self, provider)
        sent = sent_values(body)
        archived = sent.pop("archived", None)
        if "api_key" in sent:
            sent["key"] = sent.pop("api_key") or ""
        for name in MONEY_FIELDS & sent.keys():
            sent[name] = None if sent[name] is None else Decimal(sent[name])
        with transaction.atomic():
            if archived is False:
                row = domain.restore(row, actor=self.user)
            if sent or archived is None:
                row = domain.change(row, actor=self.user, **sent)
            if archived:
                row = domain.archive(row, actor=self.user)
        return _detail(row)


MONEY_FIELDS = {
    *("monthly_budget", "cost_per_image", "cost_per_second_video", "cost_per_text_call")
}


@api.at("providers/<slug:provider>/use/")
class ProviderUseController(ApiController):
    tags = (PROVIDERS,)

    @operation("get_provider_use", summary="Show how much of a connection is used")
    def get(self, provider: str) -> ProviderUse:
        """Its limits as they are counted now, its budget, and its last errors."""
        row = provider_of(self, provider)
        minute, hour, at_once = usage.limits_of(row)
        return ProviderUse(
            missing=usage.missing_of(row, usage.prices_of(row)),
            not_before=row.not_before,
            minute=_limit_use(minute),
            hour=_limit_use(hour),
            at_once=_limit_use(at_once),
            money=_money_of(row) if self.user.has_perm(SEE_MONEY) else None,
        )


@api.at("providers/<slug:provider>/voices/")
class ProviderVoicesController(ApiController):
    tags = (PROVIDERS,)

    @operation("list_voices", summary="List the voices of a provider", problems=(409,))
    def get(self, provider: str) -> ProviderVoices:
        """For the field `voice` of a story's voices. The provider is asked, for nothing, at most
        every ten minutes.
        """
        row = provider_of(self, provider)
        return ProviderVoices(
            [
                ProviderVoice(one.id, one.name, list(one.languages), has_sample(row, one))
                for one in voices_of(row)
            ]
        )


@api.at("providers/<slug:provider>/test/")
class ProviderTestController(ApiController):
    tags = (PROVIDERS,)

    @operation("test_provider", summary="Test a connection", calls_out=True, problems=(409,))
    # Rejects a body that is not empty
    def post(self, provider: str, body: Body[Empty]) -> ProviderTestOut:  # noqa: ARG002
        """A free call that shows whether the address and the key work. The result is kept until
        the next test or change.
        """
        health = domain.test(provider_of(self, provider), actor=self.user)
        return ProviderTestOut(health.ok, dict(health.facts))


@api.at("providers/<slug:provider>/balance/")
class ProviderBalanceController(ApiController):
    tags = (PROVIDERS,)

    @operation(
        "ask_provider_balance",
        summary="Ask what is left at a provider",
        calls_out=True,
        problems=(409,),
    )
    # Rejects a body that is not empty
    def post(self, provider: str, body: Body[Empty]) -> ProviderBalanceOut:  # noqa: ARG002
        """A free call. Not every provider tells its balance."""
        row = provider_of(self, provider)
        if not self.user.has_perm(SEE_MONEY):
            raise forbidden()
        left = domain.ask_balance(row, actor=self.user)
        return ProviderBalanceOut(_amount(left), None if left is None else row.balance_at)


@api.at("providers/<slug:provider>/pause/")
class ProviderPauseController(ApiController):
    tags = (PROVIDERS,)

    @operation("pause_provider", summary="Pause a provider")
    def post(self, provider: str, body: Body[ProviderPauseIn]) -> ProviderOut:
        """Jobs wait instead of calling it; calls in progress are still asked for their result."""
        row = provider_of(self, provider)
        return provider_out(configs.pause(row, actor=self.user, reason=body.reason))


@api.at("providers/<slug:provider>/resume/")
class ProviderResumeController(ApiController):
    tags = (PROVIDERS,)

    @operation("resume_provider", summary="Resume a provider")
    # Rejects a body that is not empty
    def post(self, provider: str, body: Body[Empty]) -> ProviderOut:  # noqa: ARG002
        """The jobs that wait for it go on."""
        return provider_out(configs.resume(provider_of(self, provider), actor=self.user))
