"""All models; import them from here."""

from __future__ import annotations

from integrator.models.binding import Binding, Step
from integrator.models.difference import Change, Drift
from integrator.models.journal import Call, Event, Intent
from integrator.models.mirror import (
    Account,
    Client,
    ClientUser,
    Mirror,
    Module,
    Plan,
    PlanMap,
    Service,
)
from integrator.models.new_client import NewClient
from integrator.models.panel import Panel, PanelSlot, WorkerProcess
from integrator.models.person import SavedView, SecondFactor, Session
from integrator.models.preview import Preview, PreviewRow
from integrator.models.run import Run
from integrator.models.watch import Canary, NewUser, ServerUsers, StrangerOrder
from integrator.models.window import Window

__all__ = [
    "Account",
    "Binding",
    "Call",
    "Canary",
    "Change",
    "Client",
    "ClientUser",
    "Drift",
    "Event",
    "Intent",
    "Mirror",
    "Module",
    "NewClient",
    "NewUser",
    "Panel",
    "PanelSlot",
    "Plan",
    "PlanMap",
    "Preview",
    "PreviewRow",
    "Run",
    "SavedView",
    "SecondFactor",
    "ServerUsers",
    "Service",
    "Session",
    "Step",
    "StrangerOrder",
    "Window",
    "WorkerProcess",
]
