"""Links between servers and the BILLmanager modules that serve them."""

from __future__ import annotations

from django.utils.translation import gettext as _

from integrator.core.errors import Refused
from integrator.inventory import service_recognition
from integrator.models import Module, Panel
from integrator.panel_access.panel_url import AddressError, normalise


def link_servers() -> dict[str, int]:
    """Link each ispmanager to the module whose URL is its address; panel name → module id.

    A link set by hand is never changed. A server that two modules point at stays unlinked: which
    of them sells there is for a person to say. A module whose URL now names another server serves
    this one no more; one whose URL we may not read keeps its link.
    """
    addresses = _module_addresses()
    linked: dict[str, int] = {}
    for panel in Panel.objects.filter(kind=Panel.Kind.ISPMANAGER):
        if not panel.module_linked_by_hand:
            _follow(panel, addresses)
        if panel.module_id is not None:
            linked[panel.name] = panel.module_id
    return linked


def _follow(panel: Panel, addresses: dict[int, str]) -> None:
    serving = [number for number, address in addresses.items() if address == panel.address]
    before = panel.module_id
    if len(serving) == 1:
        panel.module_id = serving[0]
    elif serving or (before is not None and before in addresses):
        panel.module_id = None
    if panel.module_id != before:
        panel.save(update_fields=["module_id"])


def _module_addresses() -> dict[int, str]:
    """Module → the address its URL names, for those whose URL can be read."""
    addresses: dict[int, str] = {}
    modules = Module.objects.filter(gone_at=None, kind="ispmanager").exclude(url="")
    for module in modules.order_by("remote_id"):
        try:
            addresses[module.remote_id] = normalise(module.url, Panel.Kind.ISPMANAGER)[1]
        except AddressError:
            continue
    return addresses


def link_by_hand(panel: Panel, module_id: int) -> Module:
    """Link this ispmanager to this BILLmanager module, on a person's word.

    Raises Refused when the module is not known, not an ispmanager module or linked elsewhere.
    """
    if panel.kind != Panel.Kind.ISPMANAGER:
        raise Refused(_("%(name)s is not an ispmanager.") % {"name": panel.name})
    module = Module.objects.filter(remote_id=module_id, gone_at=None).first()
    if module is None or module.kind != "ispmanager":
        known = Module.objects.filter(gone_at=None, kind="ispmanager").order_by("remote_id")
        raise Refused(
            _("%(id)d is not an ispmanager module of BILLmanager. At the last discovery it had:")
            % {"id": module_id},
            [f"{one.remote_id}  {one.name}  {one.url}" for one in known],
        )
    other = Panel.objects.filter(module_id=module_id).exclude(pk=panel.pk).first()
    if other is not None:
        raise Refused(
            _("Module %(id)d is already linked to %(name)s.")
            % {"id": module_id, "name": other.name}
        )
    panel.module_id, panel.module_linked_by_hand = module_id, True
    panel.save(update_fields=["module_id", "module_linked_by_hand"])
    service_recognition.recognise()
    return module
