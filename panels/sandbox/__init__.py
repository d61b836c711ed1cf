"""Stand-in panels: one BILLmanager and any number of ispmanagers, stateful, over real HTTP.

They are built from the documents in docs/panels alone and import nothing of the client that speaks
to real panels, so that a mistake of the client is not repeated here. What the facts leave open is
a name in a dialect file (``dialects/*.json``), marked as assumed.

Start them with ``python -m panels.sandbox``; mount them in-process with
``panels.sandbox.http.adapter.SandboxAdapter``.
"""

from __future__ import annotations
