"""A framework for JSON endpoints: typed routes, problem responses, paging,
idempotency and OpenAPI.
"""
