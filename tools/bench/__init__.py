"""Benchmarks: how long things take and how much memory, as ratios of one run; `make bench`, never a timed test."""
