"""The page that shows what a catalogue of models would change, for a person to accept."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from core.localized_messages import DomainError
from providers.models import AIProviderConfig
from providers.services import catalogue

WORDS = {
    "new": (gettext_lazy("new"), "live"),
    "lowered": (gettext_lazy("price lowered"), "good"),
    "raised": (gettext_lazy("price raised"), "ask"),
    "priced": (gettext_lazy("price known"), "live"),
    "unpriced": (gettext_lazy("price vanished: switched off"), "bad"),
    "vanished": (gettext_lazy("model vanished: switched off"), "bad"),
    "changed": (gettext_lazy("capabilities changed"), "quiet"),
}


def page(request: HttpRequest, pk: int, *, site: Any) -> HttpResponse:
    """Show the changes; with a file those of its catalogue; on acceptance make the chosen ones."""
    if not request.user.has_perm("providers.change_aiproviderconfig"):
        raise PermissionDenied
    config = get_object_or_404(AIProviderConfig, pk=pk)
    back = reverse("admin:providers_aiproviderconfig_change", args=[pk])
    error, content, status = "", "", 200
    found = catalogue.shipped()
    if request.method == "POST":
        try:
            content = _content(request)
            found = catalogue.read(content.encode()) if content else found
            if "accept" in request.POST:
                chosen = set(request.POST.getlist("chosen")[: catalogue.MOST_MODELS])
                made = catalogue.accept(config, found, chosen, actor=request.user)
                text = ngettext(
                    "%(count)s model was changed.", "%(count)s models were changed.", len(made)
                )
                messages.success(request, text % {"count": len(made)})
                return HttpResponseRedirect(back)
        except DomainError as failure:
            error, content, status = str(failure), "", 422
    rows = [(change, *WORDS[change.what]) for change in catalogue.changes(config, found)]
    crumbs = [
        (_("AI providers"), reverse("admin:providers_aiproviderconfig_changelist")),
        (config.name, back),
    ]
    frame = site.page_context(
        request,
        title=_("Models and prices of the catalogue"),
        crumbs=crumbs,
        config=config,
        back=back,
        rows=rows,
        read_on=found.read_on,
        content=content,
        error=error,
    )
    return TemplateResponse(request, "studio/catalogue.html", frame, status=status)


def _content(request: HttpRequest) -> str:
    """Return the catalogue that was sent; empty for the one that is shipped.

    What is accepted is what was shown, never a file that was chosen since.
    """
    file = None if "accept" in request.POST else request.FILES.get("file")
    if file is not None:
        return bytes(file.read(catalogue.MOST_BYTES + 1)).decode("utf-8", "replace")
    return str(request.POST.get("content", ""))
