"""The providers as servers on this machine: faithful in what they accept, answer and charge, and
able to go wrong on command.

    with Runway() as fake: ...  # fake.url, fake.key, fake.charged, fake.expect("drop", times=1)
    python -m tests.fakes runway        # serves until Ctrl+C and prints its address and key

A scenario is chosen by `expect`, by POST /_control {"scenario": …, "times": …}, or by a prompt that
holds [[scenario]].
"""
