"""What a worker does for one binding: prepare, credit, order, pay, close its task."""
