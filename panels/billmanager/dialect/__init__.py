"""The dialect: what an installation calls its functions, fields and buttons."""
