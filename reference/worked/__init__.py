"""Worked examples of texts on backpropagation: the numbers they print as claims, their gradients as rules.

N0 to N4 are five Korean study notes on backpropagation.
"""
