"""What a report is made of: plain frozen data that goes to report.json and comes back."""

from __future__ import annotations

import inspect
import json
import textwrap
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from gradcheck.cases import Case
from gradcheck.graphs import Graph
from gradcheck.printed import Claims
from gradcheck.report.assurance import Assurance
from gradcheck.results import Result
from gradcheck.rules import Rule

# 1: the first format.
FORMAT = 1


@dataclass(frozen=True)
class Meta:
    """Where, when and how a report was made.  `not_asked` are the oracles that were missing, each with why."""

    version: str
    command: str
    started: str
    seconds: float
    seed: int = 0
    oracles: tuple[str, ...] = ()
    not_asked: tuple[str, ...] = ()
    libraries: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Entry:
    """A case or a set of claims as it is written, and what a check said of it."""

    name: str
    module: str
    result: Result
    label: str = ""
    doc: str = ""
    signature: str = ""
    source: str = ""
    file: str = ""
    line: int = 0
    citation: str = ""
    arguments: tuple[str, ...] = ()
    domain: Mapping[str, str] = field(default_factory=dict)
    rerun: str = ""
    graph: Graph | None = None
    # What became of the faults planted in this case, if any were.
    assurance: Assurance | None = None

    @property
    def short(self) -> str:
        """The name without its module."""
        return self.name.removeprefix(self.module + ".")

    @property
    def outcome(self) -> str:
        """The verdict, ``refuted`` or ``not run``."""
        return self.result.outcome


@dataclass(frozen=True)
class Report:
    """A run: its circumstances, and an entry for each case."""

    meta: Meta
    entries: tuple[Entry, ...]

    def to_json(self) -> str:
        """The report as a JSON text; `from_json` reads it back."""
        entries = [
            {
                **shallow(e),
                "result": e.result.to_dict(),
                "graph": e.graph and e.graph.to_dict(),
                "assurance": e.assurance and asdict(e.assurance),
            }
            for e in self.entries
        ]
        return json.dumps({"format": FORMAT, "meta": asdict(self.meta), "entries": entries})

    @classmethod
    def from_json(cls, text: str) -> Report:
        """The inverse of `to_json`.  Raises ValueError for a format that this version does not know."""
        data = json.loads(text)
        if data.get("format") != FORMAT:
            raise ValueError(f"format is {data.get('format')!r}, this version reads {FORMAT}: run the checks again")
        meta = data["meta"]
        entries = (
            Entry(
                **{
                    **e,
                    "arguments": tuple(e["arguments"]),
                    "result": Result.from_dict(e["result"]),
                    "graph": Graph.from_dict(e["graph"]) if e["graph"] else None,
                    "assurance": Assurance.from_dict(e["assurance"]) if e["assurance"] else None,
                }
            )
            for e in data["entries"]
        )
        return cls(
            Meta(**{**meta, "oracles": tuple(meta["oracles"]), "not_asked": tuple(meta["not_asked"])}), tuple(entries)
        )


def shallow(entry: Entry) -> dict[str, Any]:
    """The fields of an entry, as they are."""
    return {name: getattr(entry, name) for name in Entry.__dataclass_fields__}


def describe(item: Case | Claims, result: Result, rerun: str = "") -> Entry:
    """The entry of a case or a set of claims: what stands in its source, and the result of its check."""
    if isinstance(item, Case):
        rule = item.rule
        domain = {key: str(spec) for key, spec in item.domain.items() if not key.startswith("_")}
        return entry(rule.function, result, item.label, rule.source, domain, rerun, rule.graph)
    at = {key: str(value) for key, value in item.at.items()}
    return entry(item.function, result, "", item.source, at, rerun, item.graph)


def entry(
    function: Callable[..., Any],
    result: Result,
    label: str = "",
    citation: str = "",
    domain: Mapping[str, str] | None = None,
    rerun: str = "",
    graph: Callable[[], Graph] | None = None,
) -> Entry:
    """The entry of any function that was checked."""
    source, file, line = written(function)
    return Entry(
        name=result.name,
        module=getattr(function, "__module__", ""),
        result=result,
        label=label,
        doc=inspect.getdoc(function) or "",
        signature=signature_text(function),
        source=source,
        file=file,
        line=line,
        citation=citation,
        arguments=Rule(function).argument_names(len(result.points[0].args)) if result.points else (),
        domain=domain or {},
        rerun=rerun,
        graph=graph() if graph else None,
    )


def written(function: Callable[..., Any]) -> tuple[str, str, int]:
    """The source text of a function, its file and its line; empty where Python does not know them."""
    try:
        lines, line = inspect.getsourcelines(function)
        return textwrap.dedent("".join(lines)), below_here(inspect.getsourcefile(inspect.unwrap(function)) or ""), line
    except (OSError, TypeError):
        return "", "", 0


def below_here(file: str) -> str:
    """A path as seen from the working folder, where it lies below it."""
    path = Path(file)
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else file


def signature_text(function: Callable[..., Any]) -> str:
    """The call as it is written, without types: ``softmax(x, *, axis=-1)``."""
    name = getattr(function, "__name__", "rule")
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):
        return f"{name}(...)"
    untyped = [p.replace(annotation=p.empty) for p in signature.parameters.values()]
    return name + str(signature.replace(parameters=untyped, return_annotation=signature.empty))
