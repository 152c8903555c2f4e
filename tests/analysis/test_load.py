# SPDX-License-Identifier: Apache-2.0
"""analysis/load.py on a result of three columns that is written here."""
from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import h5py
import numpy
import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "analysis"))
import load  # noqa: E402


@pytest.fixture(name="path")
def tiny_result(tmp_path: Path) -> Path:
    path = tmp_path / "tiny.h5"
    with h5py.File(path, "w") as file:
        file.attrs["schema_version"] = 1
        file.attrs["kind"] = "training"
        table = file.create_group("training/breakdown", track_order=True)
        table.attrs["meaning"] = "what the time went into"
        columns = (("part", "", "kind of work", numpy.array([b"matmul", b"bubble"])),
                   ("time_s", "s", "of the step", numpy.array([3.0, 1.0])),
                   ("chips", "1", "that work", numpy.array([8, 8])),
                   ("bytes", "B", "moved", numpy.array([1.0, 2.0])))
        for name, unit, meaning, values in columns:
            table[name] = values
            table[name].attrs["unit"] = unit
            table[name].attrs["meaning"] = meaning
        file.create_group("provenance").attrs["command"] = "trnsim run w.yaml"
        file.create_group("inputs")["workload"] = "kind: training\n"
        file["inputs/workload"].attrs["path"] = "w.yaml"
        file["inputs/workload"].attrs["sha256"] = "00"
    return path


def test_tables_are_named_with_their_meaning(path: Path) -> None:
    result = load.Result(path)
    assert result.kind == "training"
    assert result.tables() == {"training/breakdown": "what the time went into"}


def test_columns_keep_order_type_and_unit(path: Path) -> None:
    columns = load.Result(path).columns("training/breakdown")
    assert [c.name for c in columns] == ["part", "time_s", "chips", "bytes"]
    assert [c.type for c in columns] == ["text", "number", "count", "number"]
    assert columns[1] == load.Column("time_s", "s", "of the step", "number")


def test_a_table_is_a_frame_with_units(path: Path) -> None:
    frame = load.Result(path).table("training/breakdown")
    assert frame["part"].tolist() == ["matmul", "bubble"]
    assert frame["time_s"].sum() == 4.0
    assert frame.attrs["units"]["time_s"] == "s"
    assert list(load.with_units(frame).columns) == ["part", "time_s [s]", "chips", "bytes [B]"]


def test_single_columns_are_read_alone(path: Path) -> None:
    frame = load.Result(path).table("training/breakdown", ["time_s"])
    assert list(frame.columns) == ["time_s"] and list(frame.attrs["units"]) == ["time_s"]


def test_inputs_and_provenance(path: Path) -> None:
    result = load.Result(path)
    assert result.provenance() == {"command": "trnsim run w.yaml"}
    assert result.inputs()["workload"] == load.Input("w.yaml", "00", "kind: training\n")


@pytest.mark.parametrize(("call", "words"), [
    (lambda r: r.table("training/nothing"), "no table 'training/nothing'; it has training/breakdown"),
    (lambda r: r.table("training/breakdown", ["mass_kg"]), "no column 'mass_kg'"),
    (lambda r: r.row("training/breakdown"), "has 2 rows, expected one"),
])
def test_what_is_not_there_is_said(path: Path, call, words: str) -> None:
    with pytest.raises(load.LoadError, match=words):
        call(load.Result(path))


def test_other_files_are_refused(path: Path, tmp_path: Path) -> None:
    (tmp_path / "text.h5").write_text("no HDF5")
    with pytest.raises(load.LoadError, match="is no HDF5 file"):
        load.Result(tmp_path / "text.h5")
    with h5py.File(path, "r+") as file:
        file.attrs["schema_version"] = 2
    with pytest.raises(load.LoadError, match="schema version 2, this trnsim reads 1; run again"):
        load.Result(path)


FLIPS = """
import random, sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
import load
whole, spoilt, random_bits = Path(sys.argv[2]).read_bytes(), Path(sys.argv[3]), random.Random(7)
refused = read = 0
for _ in range(int(sys.argv[4])):
    data = bytearray(whole)
    for _ in range(random_bits.randint(1, 8)):
        data[random_bits.randrange(len(data))] ^= 1 << random_bits.randrange(8)
    spoilt.write_bytes(data)
    try:
        result = load.Result(spoilt)
        [result.table(name) for name in result.tables()], result.provenance(), result.inputs()
        read += 1
    except load.LoadError as problem:
        assert str(spoilt) in str(problem) and "\\n" not in str(problem), problem
        refused += 1
print(refused, read)
"""


def test_flipped_bits_end_in_one_message(path: Path, tmp_path: Path) -> None:
    """Some hit values and cannot be seen; none brings the reader down or ends in another error."""
    done = subprocess.run([sys.executable, "-c", FLIPS, str(ROOT / "analysis"), str(path), str(tmp_path / "spoilt.h5"), "60"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    refused, read = map(int, done.stdout.split())
    assert refused > 3 and read > 3


def test_as_a_command(path: Path) -> None:
    command = [sys.executable, str(ROOT / "analysis/load.py"), str(path)]
    listed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert "training by: trnsim run w.yaml" in listed and "training/breakdown" in listed
    failed = subprocess.run(command + ["nothing"], capture_output=True, text=True, check=False)
    assert failed.returncode == 3 and "no table 'nothing'" in failed.stderr
