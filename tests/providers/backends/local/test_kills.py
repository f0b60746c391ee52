"""A worker is killed at every point of a local call's life; the next one always brings it to its
end, once.
"""

from pathlib import Path

import pytest

from providers.models import AIProviderConfig, OrganizationBudget, ProviderCall
from providers.requests import ImageRequest
from tests.providers.processes import Workers

pytestmark = [pytest.mark.fault_injection, pytest.mark.django_db(transaction=True)]
REQUEST = ImageRequest(prompt="sea", width=64, height=64)


@pytest.mark.parametrize(
    "configured", [{}, {"faults": {"image": "async", "seconds": 1}}], ids=["at once", "as a task"]
)
def test_killed_at_every_point(configured: dict[str, object], tmp_path: Path) -> None:
    OrganizationBudget.objects.get_or_create(pk=1)
    AIProviderConfig.objects.update_or_create(
        provider="local",
        defaults={"name": "Local", "is_active": True, "cost_per_image": 0, "settings": configured},
    )
    trace = tmp_path / "steps"
    with Workers() as workers:
        assert workers.run("local", REQUEST, "traced", GATE_TRACE_STEPS=str(trace)) == {
            "state": "ready",
            "cost": "0.0000",
        }
        points = trace.read_text().splitlines()
        assert {
            "before reserving",
            "reserved",
            "sending",
            "answered",
            "fetching",
            "stored",
            "settled",
        } <= set(points)
        for n, point in enumerate(points, 1):
            key = f"key{n}"
            assert workers.run("local", REQUEST, key, GATE_KILL_AT_STEP=str(n)) is None, point
            # A poll that died with its worker is taken for lost after a minute; the drill does not
            # wait for it.
            ProviderCall.objects.filter(key=key, state="accepted").update(poll_after=None)
            assert workers.run("local", REQUEST, key) == {"state": "ready", "cost": "0.0000"}, point
            states = list(
                ProviderCall.objects.filter(key=key)
                .order_by("attempt_no")
                .values_list("state", flat=True)
            )
            assert states in (["settled"], ["refused", "settled"]), point
