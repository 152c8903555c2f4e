#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Reads results of trnsim: each table as a pandas DataFrame that knows its units. The only
Python that knows the layout of the files (docs/RESULTS.md).

    analysis/load.py results/a.h5                       which tables there are
    analysis/load.py results/a.h5 training/operations   one of them
"""
from __future__ import annotations

import argparse
import faulthandler
import os
import signal
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import Iterable, Iterator, NamedTuple

import h5py
import numpy
import pandas

SCHEMA_VERSION = 1
SIGNATURE = b"\x89HDF\r\n\x1a\n"
NOT_TABLES = ("inputs", "provenance")


INPUT, SYSTEM = 3, 5  # exit status, as of the program


class LoadError(Exception):
    """A file that is no result of trnsim, or a table or column that it does not have."""

    def __init__(self, message: str, status: int = INPUT) -> None:
        super().__init__(message)
        self.status = status


class Column(NamedTuple):
    name: str
    unit: str  # "" for texts, "1" for counts and shares
    meaning: str
    type: str  # "number", "count" or "text"


class Input(NamedTuple):
    path: str
    sha256: str
    text: str


def _text(value: object) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


PROBE_S = 120  # a damaged file can keep the library busy for ever


def _probe(path: Path) -> bool:
    """Whether the whole file can be read: tried in a child, since damage can bring the library down."""
    child = os.fork()
    if child == 0:
        try:
            os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
            faulthandler.disable()
            signal.signal(signal.SIGALRM, signal.SIG_DFL)
            signal.alarm(PROBE_S)
            with h5py.File(path, "r") as file:
                file.visititems(lambda _, item: [dict(item.attrs), item[()] if isinstance(item, h5py.Dataset) else None] and None)
                dict(file.attrs)
            os._exit(0)
        except BaseException:
            os._exit(1)
    return os.waitpid(child, 0)[1] == 0


class Result:
    """One result file. Nothing is kept open; each call reads what it is asked for."""

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)
        self._probed = False
        with self._open() as file:
            self.kind = _text(file.attrs.get("kind", ""))
            version = file.attrs.get("schema_version")
            if version is None or not self.kind:
                raise LoadError(f"{path}: is HDF5 of another program, expected a result written by trnsim run")
            if version != SCHEMA_VERSION:
                raise LoadError(f"{path}: has schema version {version}, this trnsim reads "
                                f"{SCHEMA_VERSION}; run again with this trnsim")

    @contextmanager
    def _open(self) -> Iterator[h5py.File]:
        """The file while it is read. What h5py says of a damaged file becomes one message."""
        damaged = f"{self.path}: is damaged or cut short, expected a whole result of trnsim; copy it again or run again"
        try:
            with open(self.path, "rb") as plain:
                start = plain.read(len(SIGNATURE))
        except OSError as problem:
            raise LoadError(f"{self.path}: cannot be read ({problem.strerror}); check the path", SYSTEM) from problem
        if start != SIGNATURE:
            raise LoadError(f"{self.path}: is no HDF5 file, expected a result written by trnsim run")
        if not self._probed and not _probe(self.path):
            raise LoadError(damaged)
        self._probed = True
        try:
            with h5py.File(self.path, "r") as file:
                yield file
        except (OSError, KeyError, RuntimeError, UnicodeDecodeError, ValueError, TypeError, MemoryError) as problem:
            raise LoadError(damaged) from problem

    def _group(self, file: h5py.File, name: str) -> h5py.Group:
        if name not in self._names(file):
            raise LoadError(f"{self.path}: no table '{name}'; it has {', '.join(self._names(file))}")
        return file[name]

    @staticmethod
    def _names(file: h5py.File) -> list[str]:
        names: list[str] = []

        def visit(name: str, item: object) -> None:
            if isinstance(item, h5py.Group) and "meaning" in item.attrs:
                names.append(name)

        file.visititems(visit)
        return [name for name in names if name.split("/")[0] not in NOT_TABLES]

    def tables(self) -> dict[str, str]:
        """Names of tables, and what each is."""
        with self._open() as file:
            return {name: _text(file[name].attrs["meaning"]) for name in self._names(file)}

    def columns(self, table: str) -> list[Column]:
        with self._open() as file:
            return [_column(name, item) for name, item in self._group(file, table).items()
                    if isinstance(item, h5py.Dataset)]

    def table(self, name: str, columns: Iterable[str] | None = None) -> pandas.DataFrame:
        """A table, or some of its columns. frame.attrs has "meaning", "units" and "meanings"."""
        with self._open() as file:
            group = self._group(file, name)
            known = [c.name for c in self.columns(name)]
            wanted = known if columns is None else list(columns)
            for column in wanted:
                if column not in known:
                    raise LoadError(f"{self.path}: no column '{column}' in {name}; "
                                    f"it has {', '.join(known)}")
            frame = pandas.DataFrame({column: _values(group[column]) for column in wanted})
            described = [_column(column, group[column]) for column in wanted]
            frame.attrs = {"meaning": _text(group.attrs["meaning"]),
                           "units": {c.name: c.unit for c in described},
                           "meanings": {c.name: c.meaning for c in described}}
            return frame

    def row(self, name: str) -> dict[str, object]:
        """The only row of a table such as "summary"."""
        frame = self.table(name)
        if len(frame) != 1:
            raise LoadError(f"{self.path}: {name} has {len(frame)} rows, expected one")
        return {str(column): frame[column].iloc[0] for column in frame.columns}

    def provenance(self) -> dict[str, str]:
        with self._open() as file:
            return {name: _text(value) for name, value in file["provenance"].attrs.items()}

    def inputs(self) -> dict[str, Input]:
        """The exact text of every file that the result depends on."""
        with self._open() as file:
            return {role: Input(_text(item.attrs["path"]), _text(item.attrs["sha256"]),
                                _text(item[()]))
                    for role, item in file["inputs"].items()}


def _column(name: str, item: h5py.Dataset) -> Column:
    kinds = {"f": "number", "i": "count"}
    return Column(name, _text(item.attrs["unit"]), _text(item.attrs["meaning"]),
                  kinds.get(item.dtype.kind, "text"))


def _values(item: h5py.Dataset) -> numpy.ndarray:
    return item[()] if item.dtype.kind in "fi" else item.asstr()[()]


def with_units(frame: pandas.DataFrame) -> pandas.DataFrame:
    """The same with units in the heads of the columns; counts, shares and texts have none."""
    units: dict[str, str] = frame.attrs["units"]
    return frame.rename(columns=lambda c: c if units[c] in ("", "1") else f"{c} [{units[c]}]")


def _print(frame: pandas.DataFrame) -> None:
    shown = with_units(frame)
    if len(frame) != 1:
        print(shown.to_string(index=False, max_rows=200))
        return
    for column in shown.columns:
        print(f"{column:42} {shown[column].iloc[0]}")


def main() -> int:
    parser = argparse.ArgumentParser(description="Prints what a result of trnsim holds.")
    parser.add_argument("result", type=Path)
    parser.add_argument("table", nargs="?")
    arguments = parser.parse_args()
    try:
        result = Result(arguments.result)
        if arguments.table is not None:
            _print(result.table(arguments.table))
            return 0
        print(f"{result.kind} by: {result.provenance().get('command', 'unknown')}")
        for name, meaning in result.tables().items():
            print(f"  {name:24} {meaning}")
        return 0
    except LoadError as problem:
        print(f"load: {problem}", file=sys.stderr)
        return problem.status
    except BrokenPipeError:
        return 0


if __name__ == "__main__":
    sys.exit(main())
