"""Columns of our own: secrets that are encrypted at rest, and messages to people."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.db import models
from django.db.models.lookups import StartsWith

from integrator.messages.message import NOTHING, Message, read


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


class MessageField(models.TextField[Message, Message]):
    """A message to people, kept as its key with what it names; empty text means *nothing*.

    It is read as a Message, also where an older version wrote a sentence. To compare with ``""``
    finds rows that hold nothing.
    """

    def deconstruct(self) -> Any:
        """What migrations know of it: a column of text, which it is in the database."""
        name, _path, args, kwargs = super().deconstruct()
        return name, "django.db.models.TextField", args, kwargs

    def get_default(self) -> Message:
        """Nothing."""
        return NOTHING

    def to_python(self, value: Any) -> Message:
        """A message, also of what ``dumpdata`` wrote."""
        return value if isinstance(value, Message) else read(value)

    def from_db_value(self, value: str | None, _expression: Any, _connection: Any) -> Message:
        """The message that the database holds."""
        return read(value)

    def get_prep_value(self, value: Any) -> Any:
        """Its JSON. Raises TypeError for a sentence, which nobody could read in his language."""
        if isinstance(value, Message):
            return value.stored
        if value == "":
            return value
        message = f"{self.name} holds a message, not {value!r}; see integrator.messages.message"
        raise TypeError(message)

    def value_to_string(self, obj: models.Model) -> str:
        """How ``dumpdata`` writes it."""
        found: Message = self.value_from_object(obj)
        return found.stored


@MessageField.register_lookup
class KeyIs(StartsWith):
    """Rows whose message has this key, whatever it names: ``why__key="run.started"``."""

    lookup_name = "key"

    def get_prep_lookup(self) -> str:
        """How such a message begins, see ``Message.stored``."""
        return f'{{"key": "{self.rhs}", '

    def get_rhs_op(self, connection: Any, rhs: str) -> str:
        """The same operator as of ``startswith``."""
        return str(connection.operators["startswith"] % rhs)
