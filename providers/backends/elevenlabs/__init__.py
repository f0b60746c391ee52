"""ElevenLabs: speech with timestamps, music and sound effects.

Written from the published OpenAPI document; not tried against the live API.
"""
