"""Worked examples of texts on backpropagation: the numbers they print as claims, their gradients as rules."""
