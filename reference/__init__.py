"""A hand-written NumPy backprop library: every rule with its pullback, and what is needed to verify it."""
