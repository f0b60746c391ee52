"""The copy of a film for slow connections: made by a job, kept beside the film."""

from jobs.run import Run
from media.rendition import render_light
from providers.store import save_as
from stories.models import Film

from .segments import fetch, work_folder


def make_light(film: Film, *, run: Run) -> Film:
    """Make the copy, unless it exists. Raises MediaError."""
    if film.light_file:
        return film
    with work_folder() as folder:
        whole = fetch(film.file, folder)
        out = folder / "light.mp4"
        render_light(
            whole,
            out,
            should_stop=run.should_stop,
            on_frame=lambda frame: run.progress(min(99, 100 * frame // max(1, film.frames))),
        )
        size, name = out.stat().st_size, f"films/{film.story_id}/{film.pk}-light.mp4"
        save_as(out, name)
    Film.objects.filter(pk=film.pk, light_file="").update(light_file=name, light_size_bytes=size)
    film.refresh_from_db(fields=["light_file", "light_size_bytes"])
    return film
