"""Benchmarks: public task collections as tasks of ours."""
