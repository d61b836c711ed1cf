"""What a run would do, frozen and judged before anything moves."""
