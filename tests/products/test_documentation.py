"""`docs/catalogue.md` names every table and column, and its program runs."""

import re
import subprocess
import sys
from pathlib import Path

from fashion_cli.products.orm import Table
from fashion_cli.products.schema import VERSION_TABLE

PAGE = (Path(__file__).parents[2] / "docs" / "catalogue.md").read_text(encoding="utf-8")


def test_every_table_and_column_is_described():
    rows = re.findall(r"^\| `(\w+)` \| (.*?) \|", PAGE, re.MULTILINE)
    described = {table: re.findall(r"`(\w+)`", columns) for table, columns in rows}
    expected = {table.name: [column.name for column in table.columns] for table in Table.metadata.sorted_tables}
    assert described == expected | {VERSION_TABLE: ["version_num"]}


def test_the_program_runs(tmp_path: Path):
    (program,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    done = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("39900\n", "")
