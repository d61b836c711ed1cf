"""Speaks to ispmanager and BILLmanager panels; knows nothing of Django or of bindings.

Names are imported from their modules (`panels.transport`, `panels.ispmanager`,
`panels.billmanager`, `panels.errors`), so that `panels.sandbox` loads none of the client.
"""
