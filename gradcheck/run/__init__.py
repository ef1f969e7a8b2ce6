"""Collecting and executing cases."""
