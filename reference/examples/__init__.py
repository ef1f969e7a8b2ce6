"""Programs that use the reference library on real data."""
