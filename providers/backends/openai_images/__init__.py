"""Images by OpenAI's API, or by any server that speaks it.

Written from the published interface; not tried against the live API.
"""
