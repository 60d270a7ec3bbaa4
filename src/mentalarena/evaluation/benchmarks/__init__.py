"""Benchmarks of the field: what they are, their questions, how they are asked, and what the answers come to."""
