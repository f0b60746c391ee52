"""Endpoints of the models of a connection: prices, the catalogue, workflows and test runs."""

import uuid
from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Literal

import msgspec
from django.db.models import QuerySet
from django.utils.translation import gettext_noop
from msgspec import UNSET, Meta, UnsetType

from api.components import Body
from api.controllers import ApiController, Call, operation
from api.idempotency import HEADER
from api.inputs import Strict, text
from api.problems import forbidden, not_found
from api.responses import Created, NoContent
from api.schemas import named
from providers import usage
from providers.enums import Kind, Unit
from providers.models import AIProviderConfig, ProviderModel
from providers.services import catalogue, test_runs, workflows
from providers.services import provider_models as domain
from stories.api.inputs.parts import MoneyIn, confirmed_total, sent_values
from stories.errors import PlanChanged

from .base import PROVIDERS, api
from .connections import Price, provider_of
from .ledger import SEE as SEE_MONEY
from .ledger import CallOut, call_out
from .outputs.parts import Money, money

MOST_CHANGES = catalogue.MOST_MODELS
FORM = 64 * 1024  # bytes of a body besides its catalogue or workflow
RUNS = uuid.UUID("0f6fba2c-5b1e-4d0a-9f0b-6f2f3a1f5c9e")  # names test runs by their request

ModelName = Annotated[str, text(least=1, most=80), Meta(description="The provider's name of it.")]
IsActive = Annotated[bool, Meta(description="Whether it may be used.")]
IsDefault = Annotated[bool, Meta(description="Used when none is named; one of each kind.")]
ModelPrice = Annotated[Price, Meta(description="USD of a unit; null: the connection's own price.")]
PricedOn = Annotated[date, Meta(description="When the price was read.")]
ModelNote = Annotated[str, text(most=300), Meta(description="A note, for people.")]


class ModelIn(Strict):
    name: ModelName
    kind: Annotated[Kind, Meta(description="What it makes.")]
    unit: Annotated[Unit, Meta(description="What its price is charged for.")]
    is_active: IsActive = True
    is_default: IsDefault = False
    price: ModelPrice | None = None
    priced_on: PricedOn | UnsetType = UNSET
    note: ModelNote = ""


class ModelPatch(Strict):
    """Only what is sent is changed. A price without its day was read today."""

    name: ModelName | UnsetType = UNSET
    unit: Annotated[Unit, Meta(description="What its price is charged for.")] | UnsetType = UNSET
    is_active: IsActive | UnsetType = UNSET
    is_default: IsDefault | UnsetType = UNSET
    price: ModelPrice | UnsetType | None = UNSET
    priced_on: PricedOn | UnsetType = UNSET
    note: ModelNote | UnsetType = UNSET


class ModelOut(msgspec.Struct):
    """A model of a connection, with its price."""

    id: Annotated[int, Meta(description="The model.")]
    name: Annotated[str, Meta(description="The provider's name of it.")]
    kind: Annotated[Kind, Meta(description="What it makes.")]
    is_active: IsActive
    is_default: IsDefault
    is_used: Annotated[bool, Meta(description="Settings and defaults choose it now.")]
    stands_for: Annotated[str, Meta(description="The model that is called for this name.")]
    unit: Annotated[Unit, Meta(description="What its price is charged for.")]
    price: Annotated[Money | None, Meta(description="Of a unit; null: no price, so no call.")]
    is_own_price: Annotated[bool, Meta(description="False: the connection's own price.")]
    priced_on: Annotated[date | None, Meta(description="When the price was read.")]
    is_old: Annotated[bool, Meta(description="The price was read more than 90 days ago.")]
    durations: Annotated[list[int], Meta(description="Seconds of clips; empty: any.")]
    ratios: Annotated[dict[str, str], Meta(description="Formats, and the provider's names.")]
    capabilities: Annotated[dict[str, Any], Meta(description="What it takes and makes.")]
    note: Annotated[str, Meta(description="A note, for people.")]


class ModelsOut(msgspec.Struct):
    items: Annotated[list[ModelOut], Meta(description="By kind and name.")]


class TestRunIn(Strict):
    confirm_total: Annotated[MoneyIn, Meta(description="The price that was seen.")] | UnsetType = (
        UNSET
    )
    voice: Annotated[
        str, Meta(max_length=100, description="Of a model of speech; empty: the usual voice.")
    ] = ""
    language: Annotated[
        Literal["ko", "en"],
        named("Language"),
        Meta(description="Of the sentence that a model of speech speaks."),
    ] = "en"


class CatalogueIn(Strict):
    """What of a catalogue is accepted. Nothing is changed without `accept`."""

    catalogue: (
        Annotated[dict[str, Any], Meta(description="Left out: the one that is shipped.")]
        | UnsetType
    ) = UNSET
    accept: Annotated[
        list[Annotated[str, Meta(max_length=100)]],
        Meta(max_length=MOST_CHANGES, description="Keys of the changes to be made."),
    ] = []


class CatalogueChange(msgspec.Struct):
    key: Annotated[str, Meta(description="Identifies the change when it is accepted.")]
    what: Annotated[
        Literal["new", "lowered", "raised", "priced", "unpriced", "vanished", "changed"],
        Meta(description="`unpriced` and `vanished` switch the model off."),
    ]
    kind: Annotated[Kind, Meta(description="What the model makes.")]
    name: Annotated[str, Meta(description="The provider's name of it.")]
    before: Annotated[Money | None, Meta(description="Its price now.")]
    after: Annotated[Money | None, Meta(description="Its price in the catalogue.")]
    priced_on: Annotated[date | None, Meta(description="When the price was read.")]
    source: Annotated[str, Meta(description="Where it was read.")]


class CatalogueOut(msgspec.Struct):
    read_on: Annotated[date, Meta(description="The day of the catalogue.")]
    changes: Annotated[list[CatalogueChange], Meta(description="What accepting would change.")]
    accepted: Annotated[list[str], Meta(description="Keys of the changes that were made.")]


class WorkflowIn(Strict):
    """A workflow of ComfyUI in its API format. What is left out of `map` and `output` is guessed
    from its nodes.
    """

    name: Annotated[str, text(least=1, most=workflows.LONGEST_NAME), Meta(description="Its name.")]
    kind: Annotated[Literal["image", "clip"], named("TakeKind"), Meta(description="What it makes.")]
    workflow: Annotated[dict[str, Any], Meta(description="The workflow in the API format.")]
    map: (
        Annotated[
            dict[str, list[Annotated[str, Meta(max_length=100)]]],
            Meta(description="Where values go, such as `prompt` to `6.text`."),
        ]
        | UnsetType
    ) = UNSET
    output: (
        Annotated[str, Meta(max_length=100, description="The node that saves the result.")]
        | UnsetType
    ) = UNSET
    price: Annotated[Price, Meta(description="USD of a picture or a second of a clip.")] = "0"
    fps: Annotated[int, Meta(ge=0, le=workflows.MOST_FPS, description="Frames a second.")] = 0
    frame_step: Annotated[
        int, Meta(ge=1, le=workflows.MOST_STEP, description="Frames are counted in these steps.")
    ] = 1
    longest_seconds: Annotated[
        int, Meta(ge=0, le=workflows.MOST_SECONDS, description="Of a clip; 0: any length.")
    ] = 0


def _out(found: usage.Priced) -> ModelOut:
    row = found.model
    return ModelOut(
        id=row.pk,
        name=row.name,
        kind=Kind(row.kind),
        is_active=row.is_active,
        is_default=row.is_default,
        is_used=found.is_used,
        stands_for=row.stands_for,
        unit=Unit(row.unit),
        price=None if found.price is None else money(found.price),
        is_own_price=found.is_own,
        priced_on=row.priced_on,
        is_old=found.is_old,
        durations=list(row.durations),
        ratios=dict(row.ratios),
        capabilities=row.capabilities if isinstance(row.capabilities, dict) else {},
        note=row.note,
    )


def _shown(config: AIProviderConfig) -> list[ModelOut]:
    config = AIProviderConfig.objects.get(pk=config.pk)  # its models are read anew
    return [_out(found) for found in usage.prices_of(config, inactive=True)]


def _one(config: AIProviderConfig, pk: int) -> ModelOut:
    return next(found for found in _shown(config) if found.id == pk)


def _row(call: Call, provider: str, model_id: int) -> ProviderModel:
    config = provider_of(call, provider)
    row = ProviderModel.objects.filter(provider=config, pk=model_id).first()
    if row is None:
        raise not_found()
    row.provider = config
    return row


@api.at("providers/<slug:provider>/models/")
class ProviderModelsController(ApiController):
    tags = (PROVIDERS,)

    @operation("list_provider_models", summary="List models of a connection")
    def get(self, provider: str) -> ModelsOut:
        """With their prices, by kind and name."""
        return ModelsOut(_shown(provider_of(self, provider)))

    @operation("add_provider_model", summary="Add a model to a connection", problems=(409,))
    def post(self, provider: str, body: Body[ModelIn]) -> Created[ModelOut]:
        """One that is neither in the catalogue nor a workflow."""
        config = provider_of(self, provider)
        made = domain.add(config, actor=self.user, **_values(body))
        return Created(_one(config, made.pk), Location=f"{self.request.path}{made.pk}/")


@api.at("providers/<slug:provider>/models/<int:model_id>/")
class ProviderModelController(ApiController):
    tags = (PROVIDERS,)

    def locked(self) -> QuerySet[AIProviderConfig]:
        return AIProviderConfig.objects.filter(provider=self.kwargs["provider"])

    @operation("get_provider_model", summary="Show a model of a connection")
    def get(self, provider: str, model_id: int) -> ModelOut:
        """What it takes and makes, and its price."""
        row = _row(self, provider, model_id)
        return _one(row.provider, row.pk)

    @operation("patch_provider_model", summary="Change a model of a connection", problems=(409,))
    def patch(self, provider: str, model_id: int, body: Body[ModelPatch]) -> ModelOut:
        """For a day after a change of a price your own starts are compared with the higher one."""
        row = _row(self, provider, model_id)
        domain.change(row, actor=self.user, **_values(body))
        return _one(row.provider, row.pk)

    @operation("remove_provider_model", summary="Remove a model of a connection")
    def delete(self, provider: str, model_id: int) -> NoContent:
        """Its calls stay in the ledger."""
        domain.remove(_row(self, provider, model_id), actor=self.user)
        return NoContent()


@api.at("providers/<slug:provider>/models/<int:model_id>/test_run/")
class ProviderTestRunController(ApiController):
    tags = (PROVIDERS,)

    @operation(
        "test_provider_model",
        summary="Make one call with a model",
        calls_out=True,
        problems=(409,),
    )
    def post(self, provider: str, model_id: int, body: Body[TestRunIn]) -> Created[CallOut]:
        """A real call, paid and counted like any other: 409 `plan_changed` with its price unless
        that was confirmed. Ask for the call to see its result.
        """
        row = _row(self, provider, model_id)
        if not self.user.has_perms(("providers.change_aiproviderconfig", SEE_MONEY)):
            raise forbidden()
        confirmed = confirmed_total(body.confirm_total)
        price = test_runs.price_of(row, voice=body.voice, language=body.language)
        if price > confirmed:
            template = gettext_noop("It costs %(price)s USD. Confirm the price first.")
            raise PlanChanged(template, total=price, price=f"{price.normalize():f}")
        sent = self.request.headers.get(HEADER)
        key = uuid.uuid5(RUNS, f"{self.user.pk}:{sent}") if sent else None
        made = test_runs.start(
            row,
            actor=self.user,
            confirmed=confirmed,
            key=key,
            voice=body.voice,
            language=body.language,
        )
        there = self.request.path.split("providers/")[0]
        return Created(call_out(made), Location=f"{there}calls/{made.pk}/")


@api.at("providers/<slug:provider>/catalogue/")
class ProviderCatalogueController(ApiController):
    tags = (PROVIDERS,)

    @operation("compare_catalogue", summary="Compare models with the catalogue")
    def get(self, provider: str) -> CatalogueOut:
        """What the catalogue that is shipped would change."""
        config = _changeable(self, provider)
        return _catalogue_out(config, catalogue.shipped(), [])

    @operation(
        "accept_catalogue",
        summary="Take prices and models from a catalogue",
        body_limit=catalogue.MOST_BYTES + FORM,
        problems=(409,),
    )
    def post(self, provider: str, body: Body[CatalogueIn]) -> CatalogueOut:
        """Only the changes in `accept` are made; the answer has those that are left."""
        config = _changeable(self, provider)
        found = (
            catalogue.shipped()
            if body.catalogue is UNSET
            else catalogue.read(msgspec.json.encode(body.catalogue))
        )
        made = catalogue.accept(config, found, set(body.accept), actor=self.user)
        return _catalogue_out(config, found, [change.key for change in made])


def _changeable(call: Call, provider: str) -> AIProviderConfig:
    config = provider_of(call, provider)
    if not call.user.has_perm("providers.change_aiproviderconfig"):
        raise forbidden()
    return config


def _catalogue_out(
    config: AIProviderConfig, found: catalogue.Catalogue, accepted: list[str]
) -> CatalogueOut:
    return CatalogueOut(
        read_on=found.read_on,
        changes=[
            CatalogueChange(
                key=change.key,
                what=change.what,
                kind=Kind(change.kind),
                name=change.name,
                before=None if change.before is None else money(change.before),
                after=None if change.after is None else money(change.after),
                priced_on=change.entry.priced_on if change.entry else None,
                source=change.entry.source if change.entry else "",
            )
            for change in catalogue.changes(config, found)
        ],
        accepted=accepted,
    )


@api.at("providers/<slug:provider>/workflows/")
class ProviderWorkflowsController(ApiController):
    tags = (PROVIDERS,)

    @operation(
        "add_workflow",
        summary="Add a workflow to a ComfyUI server",
        body_limit=workflows.MOST_BYTES + FORM,
        problems=(409,),
    )
    def post(self, provider: str, body: Body[WorkflowIn]) -> Created[ModelOut]:
        """It becomes a model that is used when none is named. A changed workflow is another model;
        the same one twice is one.
        """
        config = _changeable(self, provider)
        content = msgspec.json.encode(body.workflow)
        mapping, output = workflows.suggested(content)
        row = workflows.add(
            config,
            workflows.Upload(
                name=body.name,
                kind=body.kind,
                content=content,
                mapping=mapping if body.map is UNSET else body.map,
                output=output if body.output is UNSET else body.output,
                price=Decimal(body.price),
                fps=body.fps,
                frame_step=body.frame_step,
                longest=body.longest_seconds,
            ),
            actor=self.user,
        )
        there = self.request.path.removesuffix("workflows/")
        return Created(_one(config, row.pk), Location=f"{there}models/{row.pk}/")


def _values(body: msgspec.Struct) -> dict[str, Any]:
    sent = sent_values(body)
    if sent.get("price") is not None:
        sent["price"] = Decimal(sent["price"])
    return sent
