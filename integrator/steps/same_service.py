"""When a listed service is of the same client and domain (``panels.normal_forms``)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from panels.normal_forms import domain_key, same_domain

if TYPE_CHECKING:
    from integrator.models import Binding
    from panels.billmanager.services import Service

__all__ = ["domain_key", "of_client", "same_domain"]


def of_client(service: Service, binding: Binding) -> bool:
    """Whether a listed service belongs to the binding's client.

    Lists show the id where they can; where they show only a name, the name must be equal.
    """
    if service.client_id is not None:
        return service.client_id == binding.client.remote_id
    return bool(service.client_name) and service.client_name == binding.client.name
