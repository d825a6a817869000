# cython: language_level=3
"""Placeholder until ingestion is built."""
