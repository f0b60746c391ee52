"""What other floors may listen to; each is sent after the commit."""

from django.dispatch import Signal

# Something that work may wait for has changed: a budget, a pause, a key, an unclear call.
# Arguments: provider (slug, or "" for all), subject, item (each "" for all).
freed = Signal()

# A call that nobody was waiting for any more has its result. Argument: call.
landed = Signal()
