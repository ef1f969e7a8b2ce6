"""How many planted faults the checks of each case caught, from the file that ``gradcheck faults`` wrote."""

from __future__ import annotations

from pathlib import Path

from gradcheck.faults.fates import Campaign


def read(folder: Path) -> dict[str, str]:
    """``caught/planted`` for each case; nothing where no faults were planted, or by another version."""
    try:
        counts = Campaign.from_json((folder / "faults.json").read_text(encoding="utf-8")).by_case()
    except (OSError, ValueError, KeyError, TypeError):
        return {}
    return {name: f"{count.caught}/{count.of}" for name, count in counts.items() if count.of}
