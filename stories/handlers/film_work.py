"""What the steps of a film's job work on."""

from dataclasses import dataclass, field

from jobs.models import Job
from jobs.run import Run
from stories.enums import FilmKind, TakeKind
from stories.film.cut import Cut
from stories.film.growing import Growth
from stories.models import Story
from stories.services.plan import Mode, Plan


@dataclass
class FilmWork:
    """One attempt of the job that makes a story's missing takes and its film.

    The caller gives the first four fields; `order_missing` replaces `story` with the locked row.
    The comment beside each other field names the step that sets it.
    """

    run: Run
    story: Story
    kind: TakeKind  # of the takes that the film shows
    film_kind: FilmKind
    plan: Plan = field(init=False)  # order_missing
    children: dict[str, Job] = field(init=False)  # order_missing: the newest, by key of the plan
    ordered: int = 0  # order_missing: how many children it has made
    growth: Growth = field(init=False)  # encode_complete
    cut: Cut = field(init=False)  # make_cut

    @property
    def mode(self) -> Mode:
        """Which takes the person asked for."""
        mode: Mode = self.run.job.data["parameters"].get("mode", "missing")
        return mode

    @property
    def override_reason(self) -> str:
        """Why stale and rejected takes go into the film; empty if they do not."""
        return str(self.run.job.data["parameters"].get("override_reason") or "")
