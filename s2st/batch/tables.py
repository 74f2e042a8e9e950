"""Tables of pictures: a parquet file is one item, and its result a table of the same rows.

A row's column `image` holds a picture as a file would (or, as data sets on the Hub keep them, a
struct with such `bytes`); `id`, where there is one, is what the picture is known by. The result
holds for each row the id, the picture as PNG, and what went wrong where something did: one bad
picture never stops its table. A killed run begins a table that it had not finished anew, so tables
are best of some hundred pictures.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any
from uuid import uuid4

ENDING = ".parquet"
IMAGE, BYTES, ID = "image", "bytes", "id"
MARK = b"s2st"  # of the result's facts among what is told of the whole table
Translate = Callable[[bytes, str], bytes]  # (a picture's file, its id) -> PNG


def is_table(path: Path) -> bool:
    return path.suffix.lower() == ENDING


def translated_table(
    source: Path,
    target: Path,
    translate: Translate,
    sentence: Callable[[Exception], str],
    facts: bytes,
) -> str:
    """Write the whole table or nothing; returns how many pictures failed, in words."""
    pyarrow, parquet = _pyarrow()
    text = pyarrow.string()
    columns = {ID: text, IMAGE: pyarrow.binary(), "status": text, "message": text}
    schema = pyarrow.schema(columns, metadata={MARK: facts})
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary, count, failed = target.parent / f".{uuid4().hex}.partial", 0, 0
    try:
        with parquet.ParquetWriter(temporary, schema) as writer:
            for name, contents in _rows(source):
                row: dict[str, Any] = {ID: name, IMAGE: None, "status": "done", "message": ""}
                try:
                    row[IMAGE] = translate(contents, name)
                except Exception as error:
                    row |= {"status": "failed", "message": sentence(error)}
                    failed += 1
                count += 1
                writer.write_table(pyarrow.Table.from_pylist([row], schema))
        os.replace(temporary, target)
    finally:
        temporary.unlink(missing_ok=True)
    return f"{failed} of {count} pictures failed; the table tells which." if failed else ""


def facts_of_table(path: Path) -> bytes:
    """What was told of a whole table; nothing where it is none of ours."""
    _, parquet = _pyarrow()
    try:
        told: Mapping[bytes, bytes] | None = parquet.read_schema(path).metadata
    except (OSError, ValueError):
        return b""
    return (told or {}).get(MARK, b"")


def _rows(source: Path) -> Iterator[tuple[str, bytes]]:
    """Ids and pictures, of which one is in memory at a time."""
    with _opened(source) as file:
        names = file.schema_arrow.names
        if IMAGE not in names:
            raise ValueError(
                f"{source.name} has the columns {', '.join(names) or 'none'}, but pictures are "
                f"looked for in {IMAGE!r}: rename the column that holds them."
            )
        wanted = [name for name in (ID, IMAGE) if name in names]
        place = 0
        for batch in file.iter_batches(batch_size=1, columns=wanted):
            for row in batch.to_pylist():
                yield str(row.get(ID, place)), _contents(row[IMAGE])
                place += 1


def _opened(source: Path) -> Any:
    _, parquet = _pyarrow()
    try:
        return parquet.ParquetFile(source)
    except (OSError, ValueError) as error:  # pyarrow's own errors are these
        raise ValueError(
            f"{source.name} cannot be read as a parquet file: write it anew."
        ) from error


def _contents(value: Any) -> bytes:
    kept = value.get(BYTES) if isinstance(value, dict) else value
    return kept if isinstance(kept, bytes) else b""


def _pyarrow() -> tuple[Any, Any]:
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError as error:
        raise ValueError(
            f"The package {error.name} is missing, but parquet files need it: install s2st with "
            f"its extra, s2st[tables]."
        ) from error
    return pyarrow, parquet
