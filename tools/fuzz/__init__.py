"""Damaged inputs for every parser, in processes that may die: `make fuzz`."""
