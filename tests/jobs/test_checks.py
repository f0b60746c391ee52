"""Settings that would leave jobs undone are reported at start."""

from jobs.checks import lease, wakeup


def test_the_settings_as_they_are_fit():
    assert wakeup() + lease() == []


def test_another_broker_is_an_error(settings):
    settings.Q_CLUSTER = {"orm": "default", "sync": True}
    assert [found.id for found in wakeup()] == ["jobs.E001", "jobs.E002"]


def test_a_tick_longer_than_half_a_lease_is_a_warning(settings):
    settings.JOB_TICK_MS, settings.JOB_LEASE_SECONDS = 1500, 2
    assert [found.id for found in lease()] == ["jobs.W001"]
