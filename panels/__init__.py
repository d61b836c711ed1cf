"""The client of ispmanager and BILLmanager panels; it knows neither Django nor bindings.

Names are imported from their modules (`panels.http.transport`, `panels.coremanager.errors`,
`panels.ispmanager`, `panels.billmanager`), so that `panels.sandbox` loads none of the client.
"""
