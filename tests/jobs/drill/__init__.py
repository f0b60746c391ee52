"""An app that only drills and the bench install (EXTRA_APPS): jobs that tell when they start and whose effects are counted."""
