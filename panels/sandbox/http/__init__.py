"""How the stand-ins are asked and answer."""
