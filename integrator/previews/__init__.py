"""Previews: what a run would do, frozen and judged before it is started."""
