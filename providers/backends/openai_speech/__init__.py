"""OpenAI's speech API.

Written from the published OpenAPI document; not tried against the live API.
"""
