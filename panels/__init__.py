"""Speaks to ispmanager and BILLmanager panels; knows nothing of Django or of bindings.

Names are imported from their modules (`panels.http.transport`, `panels.coremanager.errors`,
`panels.ispmanager`, `panels.billmanager`), so that `panels.sandbox` loads none of the client.
"""
