"""Known mistakes, planted on purpose in right pullbacks, to measure what the checks catch."""
