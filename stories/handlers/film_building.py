"""The last two steps of a film's job: what the film is made of, and the film."""

from django.urls import reverse

from jobs.outcomes import Done, Wait
from stories.film.build import build_film
from stories.film.cut import FilmNotReady, cut_of
from stories.services import light_films

from .film_work import FilmWork
from .outcomes import ask_person, media_errors


def make_cut(work: FilmWork) -> Wait | None:
    """Fix what the film is made of, or ask a person about what it cannot be made of."""
    try:
        with media_errors(work.run):
            work.cut = cut_of(work.story, work.film_kind, override_reason=work.override_reason)
    except FilmNotReady as error:
        return ask_person(error.sentence.template, **error.sentence.values)
    return None


def build(work: FilmWork) -> Done:
    """Build the film of the cut."""
    run = work.run
    with media_errors(run):
        film = build_film(work.cut, run=run, made_by=run.job.owner)
    light_films.prepare_by_itself(film, owner=run.job.owner)
    return Done(
        preview_url=reverse("stories:film_file", args=[film.pk]),
        metadata={"film_id": str(film.pk), "frames": film.frames},
    )
