"""Formulas of matrix calculus as they are stated in the literature: rules whose pullback is the claimed formula."""
