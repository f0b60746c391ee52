"""The models of accounts: refresh tokens, account versions, log-in attempts, second factors,
recovery codes and idempotency records."""

from .account_version import AccountVersion
from .idempotency_record import IdempotencyRecord
from .login_attempt import LogInAttempt
from .recovery_code import RecoveryCode
from .refresh_token import RefreshToken
from .second_factor import SecondFactor

__all__ = [
    "AccountVersion",
    "IdempotencyRecord",
    "LogInAttempt",
    "RecoveryCode",
    "RefreshToken",
    "SecondFactor",
]
