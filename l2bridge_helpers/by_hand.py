"""Commands to be copied: many that differ in a few words only are one shell function and a line for each (pure).

A thousand commands of 400 letters are read by nobody. One of them, and what is put into it, can be reviewed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import groupby

MANY = 20
"""From so many alike on, they become a function."""
_TOOLS = ("aws ", "az ", "gcloud ", "kubectl ")
_PIECES = re.compile(r"[A-Za-z0-9_.-]+|[^A-Za-z0-9_.-]")
_VERB = 4
"""So many words at the beginning say what a command does."""
_PLACES = 9
"""POSIX: `$10` is `$1` and a nought."""


def script(commands: Sequence[str]) -> list[str]:
    """Return lines for a POSIX shell that do what the commands do, in their order."""
    lines: list[str] = []
    functions = 0
    for _, alike in groupby(commands, _kind):
        each = list(alike)
        made = _function(f"step_{functions + 1}", each)
        functions += bool(made)
        lines += [*([""] if made and lines else []), *(made or each)]
    return lines


def _kind(command: str) -> object:
    """Return what commands have in common that can be one function; a step that is no command is alone."""
    if not command.startswith(_TOOLS):
        return command
    pieces = _PIECES.findall(command)
    verb = [piece for piece in pieces if _is_word(piece)][:_VERB]
    return (*verb, *("" if _is_word(piece) and not piece.startswith("--") else piece for piece in pieces))


def _function(name: str, commands: Sequence[str]) -> list[str]:
    """Return the function and its calls; nothing when they are few, or differ in too many places."""
    if len(commands) < MANY:
        return []
    table = [_PIECES.findall(command) for command in commands]
    values: list[tuple[str, ...]] = []
    template = [_place(column, values) if len(set(column)) > 1 else column[0] for column in zip(*table, strict=True)]
    if not 0 < len(values) <= _PLACES:
        return []
    body = "".join(_quoted(template))
    calls = [" ".join((name, *row)) for row in zip(*values, strict=True)]
    told = f"# {len(commands):,} times the same command: a function, and a line for each"
    return [told, f"{name}() {{", f"  {body}", "}", *calls]


def _place(column: tuple[str, ...], values: list[tuple[str, ...]]) -> tuple[str, str, str]:
    """Return before, parameter, after: `--source=node-1.yaml` is the parameter that `node-1` is, with an ending."""
    for number, known in enumerate(values, start=1):
        before, found, after = column[0].partition(known[0])
        if found and all(one == f"{before}{other}{after}" for one, other in zip(column, known, strict=True)):
            return before, f"${number}", after
    values.append(column)
    return "", f"${len(values)}", ""


def _quoted(template: Sequence[tuple[str, str, str] | str]) -> Iterator[str]:
    """Give the text of the function: a parameter is in double quotes, whatever it stands in."""
    inside = ""
    for part in template:
        if isinstance(part, str):
            if part in "'\"" and inside in ("", part):
                inside = "" if inside else part
            yield part
        else:
            before, parameter, after = part
            wrap = {"": '"', "'": "'\"", '"': ""}[inside]
            braced = f"${{{parameter[1:]}}}" if inside == '"' else parameter
            yield f"{before}{wrap}{braced}{wrap[::-1]}{after}"


def _is_word(piece: str) -> bool:
    return len(piece) > 1 or piece.isalnum() or piece in "_.-"
