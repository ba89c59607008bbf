"""A codec for licbench in a package of its own."""
