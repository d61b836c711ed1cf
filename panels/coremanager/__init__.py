"""The protocol that BILLmanager and ispmanager share: documents, lists, forms, errors."""
