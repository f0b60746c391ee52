"""The steps of a film's job: their order, and that an attempt ends with the first outcome."""

import pytest

from jobs.outcomes import Wait
from jobs.runner import run_due
from stories.handlers import films
from stories.models import Film
from stories.services.transitions import apply_transition
from tests.stories.factories import make_scene, make_story

pytestmark = pytest.mark.django_db


@pytest.mark.moderate
def test_an_attempt_ends_with_the_first_outcome_and_the_next_begins_anew(owner, monkeypatch):
    story = make_story(owner, status="planned", duration_seconds=2)
    make_scene(story, duration_seconds=1, narration="")
    attempts = []

    def told(step):
        def does(work):
            outcome = step(work)
            attempts[-1].append((step.__name__, type(outcome).__name__))
            if outcome is not None:
                attempts.append([])
            return outcome

        return does

    attempts.append([])
    monkeypatch.setattr(films, "STEPS", tuple(told(step) for step in films.STEPS))
    apply_transition(story.pk, "generate_preview", actor=owner)
    run_due()
    nothing = "NoneType"
    assert attempts[0] == [
        ("order_missing", nothing),
        ("encode_complete", nothing),
        ("await_parts", Wait.__name__),
    ]
    assert attempts[-2] == [
        ("order_missing", nothing),
        ("encode_complete", nothing),
        ("await_parts", nothing),
        ("ask_about_missing", nothing),
        ("await_segments", nothing),
        ("make_cut", nothing),
        ("build", "Done"),
    ]
    assert Film.objects.count() == 1
