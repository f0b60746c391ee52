"""Supertone's speech API.

Written from its published OpenAPI document (2025-12-11); not tried against the live API.
"""
