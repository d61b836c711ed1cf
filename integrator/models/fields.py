"""A text column that is encrypted at rest with the keys of ``FIELD_KEYS``."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.db import models


class SecretUnreadableError(Exception):
    """A stored secret cannot be decrypted with any key of ``FIELD_KEYS``.

    Never answered with the ciphertext or an empty value: both would be used as a password.
    """


@lru_cache(maxsize=8)
def _fernet(keys: tuple[str, ...]) -> MultiFernet:
    return MultiFernet([Fernet(key) for key in keys])


def cipher() -> MultiFernet:
    """The cipher of the present settings; the first key writes, all of them read."""
    return _fernet(tuple(settings.FIELD_KEYS))


class SecretField(models.TextField[str, str]):
    """Text that is stored encrypted; the empty string stays empty and means *no secret here*."""

    def from_db_value(self, value: str | None, _expression: Any, _connection: Any) -> str | None:
        """Decrypt what the database holds.

        Raises SecretUnreadableError when no key fits.
        """
        if not value:
            return value
        try:
            return cipher().decrypt(value.encode()).decode()
        except InvalidToken as error:
            message = f"{self.model.__name__}.{self.name}: no key of FIELD_KEYS fits"
            raise SecretUnreadableError(message) from error

    def get_prep_value(self, value: Any) -> Any:
        """Encrypt what is to be stored."""
        value = super().get_prep_value(value)
        return cipher().encrypt(value.encode()).decode() if value else value
