"""Results as text, pages and files for other programs."""
