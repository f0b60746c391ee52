"""Which function does what a job's name says, and which are called when such a job ends. Apps register in their `handlers` module."""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .models import Job
    from .outcomes import Done, Wait
    from .run import Run

    type Handler = Callable[[Run], Done | Wait]
    type EndHook = Callable[[Job], None]

type Chore = Callable[[], object]

TIME_LIMIT = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Registered:
    function: "Handler"
    time_limit: timedelta


@dataclass(frozen=True, slots=True)
class Periodic:
    function: Chore
    seconds: float


_handlers: dict[str, Registered] = {}
_periodic: dict["Chore", Periodic] = {}
_end_hooks: defaultdict[str, list["EndHook"]] = defaultdict(list)


def handler(name: str, *, time_limit: timedelta = TIME_LIMIT) -> Callable[["Handler"], "Handler"]:
    """Makes the function the handler of jobs of this name.

    A turn longer than `time_limit` is told to stop and counts as a failed attempt; one that does not listen is ended
    together with its process.
    """

    def register(function: "Handler") -> "Handler":
        if name in _handlers and _handlers[name].function is not function:
            raise ValueError(f"The job name {name!r} has a handler already: {_handlers[name].function!r}.")
        _handlers[name] = Registered(function, time_limit)
        return function

    return register


def on_end(name: str) -> Callable[["EndHook"], "EndHook"]:
    """Calls the function inside the transaction in which a job of this name becomes succeeded, failed or cancelled."""

    def register(function: "EndHook") -> "EndHook":
        if function not in _end_hooks[name]:
            _end_hooks[name].append(function)
        return function

    return register


def every(seconds: float) -> Callable[["Chore"], "Chore"]:
    """Calls the function about so often in each `manage.py work`: at the same time on several machines, at times not at all."""

    def register(function: "Chore") -> "Chore":
        _periodic[function] = Periodic(function, seconds)
        return function

    return register


def periodic() -> tuple[Periodic, ...]:
    return tuple(_periodic.values())


def names() -> tuple[str, ...]:
    """The job names that this process can do."""
    return tuple(_handlers)


def find(name: str) -> Registered:
    """Raises LookupError for a name without a handler."""
    try:
        return _handlers[name]
    except KeyError:
        raise LookupError(f"No handler does jobs named {name!r}; known are {', '.join(sorted(_handlers)) or 'none'}.") from None


def end_hooks(name: str) -> tuple["EndHook", ...]:
    return tuple(_end_hooks.get(name, ()))
