"""The registry of job handlers and end hooks, by job name. Apps register theirs in their `handlers`
module.
"""

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

type PeriodicFunction = Callable[[], object]

TIME_LIMIT = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Registered:
    function: "Handler"
    time_limit: timedelta


@dataclass(frozen=True, slots=True)
class Periodic:
    function: PeriodicFunction
    seconds: float


_handlers: dict[str, Registered] = {}
_periodic: dict["PeriodicFunction", Periodic] = {}
_end_hooks: defaultdict[str, list["EndHook"]] = defaultdict(list)


def handler(name: str, *, time_limit: timedelta = TIME_LIMIT) -> Callable[["Handler"], "Handler"]:
    """Register the decorated function as the handler of jobs with this name.

    An attempt that exceeds `time_limit` is asked to stop and counts as failed. If it does not stop,
    its process is killed. Raises ValueError if the name has another handler.
    """

    def register(function: "Handler") -> "Handler":
        if name in _handlers and _handlers[name].function is not function:
            raise ValueError(
                f"The job name {name!r} has a handler already: {_handlers[name].function!r}."
            )
        _handlers[name] = Registered(function, time_limit)
        return function

    return register


def on_end(name: str) -> Callable[["EndHook"], "EndHook"]:
    """Call the function in the transaction in which a job of this name succeeds, fails or is
    cancelled.
    """

    def register(function: "EndHook") -> "EndHook":
        if function not in _end_hooks[name]:
            _end_hooks[name].append(function)
        return function

    return register


def periodic_task(seconds: float) -> Callable[["PeriodicFunction"], "PeriodicFunction"]:
    """Call the function about every `seconds` seconds in each `manage.py work`.

    It may run on several machines at the same time, and runs may be skipped.
    """

    def register(function: "PeriodicFunction") -> "PeriodicFunction":
        _periodic[function] = Periodic(function, seconds)
        return function

    return register


def periodic() -> tuple[Periodic, ...]:
    return tuple(_periodic.values())


def names() -> tuple[str, ...]:
    """Return the job names that this process has handlers for."""
    return tuple(_handlers)


def find(name: str) -> Registered:
    """Return the handler registered for `name`. Raises LookupError if there is none."""
    try:
        return _handlers[name]
    except KeyError:
        raise LookupError(
            f"No handler does jobs named {name!r}; "
            f"known are {', '.join(sorted(_handlers)) or 'none'}."
        ) from None


def end_hooks(name: str) -> tuple["EndHook", ...]:
    return tuple(_end_hooks.get(name, ()))
