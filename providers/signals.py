"""Signals for other packages; each is sent after the commit."""

from django.dispatch import Signal

# Something that work may wait for has changed: a budget, a pause, a key, an unclear call.
# Arguments: provider (slug, or "" for all), subject, item (each "" for all).
capacity_freed = Signal()

# A call that no job was waiting for any more has a result. Argument: call.
result_recorded = Signal()
