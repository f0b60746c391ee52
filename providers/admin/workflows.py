"""The page that adds a workflow to a ComfyUI server: first the file, then where values go."""

from decimal import Decimal, InvalidOperation
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop

from core.localized_messages import DomainError
from providers.backends.comfyui import workflow
from providers.errors import Invalid
from providers.models import AIProviderConfig
from providers.services import workflows

LABELS = {
    "prompt": gettext_lazy("Prompt"),
    "negative": gettext_lazy("What to leave out"),
    "seed": gettext_lazy("Seed"),
    "width": gettext_lazy("Width"),
    "height": gettext_lazy("Height"),
    "frames": gettext_lazy("Number of frames"),
    "fps": gettext_lazy("Frames a second"),
    "image": gettext_lazy("Picture to begin with"),
    "end_image": gettext_lazy("Picture to end with"),
    "references": gettext_lazy("Reference sheets, in order"),
}
OF_CLIPS = frozenset({"frames", "fps", "image", "end_image"})
LONGEST_FIELD = 400


def page(request: HttpRequest, pk: int, *, site: Any) -> HttpResponse:
    """Show the form for the file; with a file, the form for where values go; then add it."""
    if not request.user.has_perm("providers.change_aiproviderconfig"):
        raise PermissionDenied
    config = get_object_or_404(AIProviderConfig, pk=pk)
    if config.kind != workflows.COMFYUI:
        raise Http404
    back = reverse("admin:providers_aiproviderconfig_change", args=[pk])
    values: dict[str, Any] = {"error": "", "step": 1, "kind": request.POST.get("kind", "image")}
    status = 200
    if request.method == "POST":
        try:
            content = _content(request)
            values |= _second_step(request, content)
            if "content" in request.POST:
                workflows.add(config, _upload(request, content), actor=request.user)
                return HttpResponseRedirect(back)
        except DomainError as failure:
            values["error"], status = str(failure), 422
    crumbs = [
        (_("AI providers"), reverse("admin:providers_aiproviderconfig_changelist")),
        (config.name, back),
    ]
    frame = site.page_context(
        request, title=_("Add a workflow"), crumbs=crumbs, config=config, back=back, **values
    )
    return TemplateResponse(request, "studio/workflow.html", frame, status=status)


def _content(request: HttpRequest) -> bytes:
    if "content" in request.POST:
        return str(request.POST["content"]).encode()
    file = request.FILES.get("file")
    if file is None:
        raise Invalid(gettext_noop("Choose a file first."), field="file")
    return bytes(file.read(workflow.MOST_BYTES + 1))


def _second_step(request: HttpRequest, content: bytes) -> dict[str, Any]:
    graph = workflow.read(content)
    mapping, output = workflow.suggested(graph)
    sent = request.POST
    return {
        "step": 2,
        "content": content.decode("utf-8-sig"),
        "name": sent.get("name", ""),
        "fields": [
            (name, label, sent.get(f"map_{name}", ", ".join(mapping.get(name, []))))
            for name, label in LABELS.items()
            if sent.get("kind") == "clip" or name not in OF_CLIPS
        ],
        "nodes": [(number, f"{number}: {node['class_type']}") for number, node in graph.items()],
        "output": sent.get("output", output),
        "price": sent.get("price", "0"),
        "speed": sent.get("fps", "16"),
        "frame_step": sent.get("frame_step", "1"),
        "longest": sent.get("longest", "0"),
    }


def _upload(request: HttpRequest, content: bytes) -> workflows.Upload:
    sent = request.POST
    mapping = {
        name: [
            target.strip()
            for target in sent.get(f"map_{name}", "")[:LONGEST_FIELD].split(",")
            if target.strip()
        ]
        for name in LABELS
    }
    is_clip = sent.get("kind") == "clip"
    return workflows.Upload(
        name=sent.get("name", ""),
        kind=sent.get("kind", ""),
        content=content,
        output=sent.get("output", ""),
        mapping=mapping,
        price=_price(sent.get("price", "")),
        fps=_whole(sent.get("fps", ""), "fps") if is_clip else 0,
        frame_step=_whole(sent.get("frame_step", ""), "frame_step") if is_clip else 1,
        longest=_whole(sent.get("longest", ""), "longest") if is_clip else 0,
    )


def _price(text: str) -> Decimal:
    try:
        found = Decimal(text.strip()[:20] or "0")
    except InvalidOperation:
        found = Decimal("NaN")
    if not found.is_finite():
        raise Invalid(gettext_noop("The price must be a number."), field="price")
    return found


def _whole(text: str, field: str) -> int:
    text = text.strip()
    if not (text.isascii() and text.isdigit() and len(text) <= 4):  # noqa: PLR2004  digits
        raise Invalid(gettext_noop("Give a whole number."), field=field)
    return int(text)
