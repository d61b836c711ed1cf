"""When two spellings mean the same domain, and a listed service the same client."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from integrator.models import Binding
    from panels.billmanager.services import Service


def domain_key(domain: str) -> str:
    """One spelling for a domain: lower case, punycode, no trailing dot.

    Panels show one domain now in Unicode, now in punycode (ispmanager.md 2.5). A name that cannot
    be encoded keeps its own spelling.
    """
    text = domain.strip().rstrip(".").lower()
    try:
        return text.encode("idna").decode()
    except UnicodeError:
        return text


def same_domain(one: str, other: str) -> bool:
    """Whether both mean one domain."""
    return domain_key(one) == domain_key(other)


def of_client(service: Service, binding: Binding) -> bool:
    """Whether a listed service belongs to the binding's client.

    Lists show the id where they can; where they show only a name, the name must be equal.
    """
    if service.client_id is not None:
        return service.client_id == binding.client.remote_id
    return bool(service.client_name) and service.client_name == binding.client.name
