"""What import-linter cannot see by itself."""

import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]


def test_every_command_is_in_the_contract_that_keeps_commands_apart() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"][
        "contracts"
    ]
    (listed,) = (contract["modules"] for contract in contracts if contract["id"] == "commands")
    there = [path.stem for path in (ROOT / "fashion_cli" / "commands").glob("[!_]*.py")]
    assert sorted(listed) == sorted(f"fashion_cli.commands.{name}" for name in there)
