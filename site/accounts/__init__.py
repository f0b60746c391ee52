"""Accounts: log-in, tokens, two-factor authentication and sessions.

Does not depend on stories, jobs or providers.
"""
