"""Read-only queries about stories: sums, estimates, job facts, warnings.

Nothing here changes rows.
"""
