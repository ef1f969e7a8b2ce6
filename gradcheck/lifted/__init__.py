"""NumPy code run in other arithmetic: certified balls, and symbols."""
