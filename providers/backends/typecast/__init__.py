"""Typecast's speech API.

Written from its official client (typecast-python 0.5.2); not tried against the live API.
"""
