"""Flag > variable > file > default, through `main` where it matters."""

import os
from pathlib import Path

import pytest

from fashion_cli.app import app, main
from fashion_cli.commands.cli.settings import KEYS, Setting, read_settings, setting_of
from fashion_cli.errors import SettingsError


@pytest.fixture(autouse=True)
def _nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in [each for each in os.environ if each.startswith("FASHION_")]:
        monkeypatch.delenv(name)


def write(folder: Path, text: str) -> Path:
    (folder / "fashion.toml").write_text(text, "utf-8")
    return folder / "fashion.toml"


def shown_default(option: str, capsys: pytest.CaptureFixture[str]) -> str:
    """The default that the help page of `fashion search` shows."""
    assert main(["search", "--help"]) == 0
    page = " ".join(capsys.readouterr().out.split())
    return page.split(f"{option} ")[1].split("default: ")[1].split("]")[0].split(";")[0]


def test_a_variable_beats_the_file_and_the_file_the_default(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert shown_default("--topk", capsys) == "50"
    write(tmp_path, "[tool.fashion]\ntopk = 7\nbatch-size = 3\n")
    assert shown_default("--topk", capsys) == "7"
    assert shown_default("--batch-size", capsys) == "3"
    monkeypatch.setenv("FASHION_TOPK", "9")
    assert shown_default("--topk", capsys) == "9"
    monkeypatch.setenv("FASHION_TOPK", "")  # counts as unset
    assert shown_default("--topk", capsys) == "7"


def test_a_flag_beats_a_variable(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("FASHION_TOPK", "0")
    assert main(["search", "a.jpg"]) == 2
    assert "FASHION_TOPK" in capsys.readouterr().err
    assert main(["search", "a.jpg", "--topk", "5"]) == 1  # as far as looking for an index
    assert "no index" in capsys.readouterr().err


def test_groups_of_commands_have_the_settings_too(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FASHION_BATCH_SIZE", "0")
    assert main(["eval", "tags", "a.csv"]) == 2
    assert "FASHION_BATCH_SIZE" in capsys.readouterr().err


def test_a_wrong_value_names_its_file_and_key(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = write(tmp_path, "[tool.fashion]\ntopk = true\n")
    assert main(["search", "a.jpg"]) == 2
    err = capsys.readouterr().err
    assert f"{file}: topk" in err
    assert err.count("\n") == 1


def test_the_nearest_file_counts_alone(tmp_path: Path) -> None:
    write(tmp_path, "[tool.fashion]\ntopk = 7\nalpha = 1.5\n")
    inner = tmp_path / "a" / "b"
    inner.mkdir(parents=True)
    assert read_settings({}, inner)["topk"].value == "7"
    write(tmp_path / "a", "[tool.fashion]\ntopk = 8\n")
    assert {key: each.value for key, each in read_settings({}, inner).items()} == {"topk": "8"}


def test_paths_in_the_file_are_relative_to_it(tmp_path: Path) -> None:
    write(tmp_path, '[tool.fashion]\nindex = "shop"\nmodel = "models/mine"\ntagger = "models/tags"\n')
    (tmp_path / "a").mkdir()
    settings = read_settings({}, tmp_path / "a")
    assert settings["index"].value == str(tmp_path / "shop")
    assert settings["model"].value == str(tmp_path / "models" / "mine")
    assert settings["tagger"].value == str(tmp_path / "models" / "tags")
    write(tmp_path, '[tool.fashion]\nmodel = "fashion-mobilenet"\n')
    assert read_settings({}, tmp_path)["model"].value == "fashion-mobilenet"


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("[tool.fashion]\ntopkk = 1\n", "topkk: no such setting", "did you mean 'topk'?"),
        ("[tool.fashion]\nzzzzz = 1\n", "zzzzz: no such setting", "known here: alpha"),
        ("[tool.fashion]\ntopk = [1]\n", "topk: not a single value", "topk ="),
        ("topk = 1\n", "no table [tool.fashion]", "heading"),
        ("tool = 1\n", "no table [tool.fashion]", "heading"),
        ("[tool.fashion\n", "line 1", "mend"),
    ],
)
def test_a_file_that_cannot_be_meant_is_refused(tmp_path: Path, text: str, message: str, hint: str) -> None:
    file = write(tmp_path, text)
    with pytest.raises(SettingsError) as error:
        read_settings({}, tmp_path)
    assert str(file) in str(error.value)
    assert message in str(error.value)
    assert hint in error.value.hint


def test_an_empty_file_and_other_tools_are_fine(tmp_path: Path) -> None:
    write(tmp_path, "")
    assert read_settings({}, tmp_path) == {}
    write(tmp_path, "[tool.fashion]\n[tool.other]\nkey = 1\n")
    assert read_settings({}, tmp_path) == {}


def test_a_mistyped_variable_is_refused_and_a_stranger_let_be(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as error:
        read_settings({"FASHION_TOP_K": "3"}, tmp_path)
    assert error.value.hint == "did you mean FASHION_TOPK?"
    strangers = {"FASHION_TEST_DATA": "/x", "FASHION_DB_URL": "y", "FASHIONABLE": "z"}
    assert read_settings({**strangers, "FASHION_ALPHA": "1"}, tmp_path) == {"alpha": Setting("1", "FASHION_ALPHA")}


def test_the_format_is_a_setting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def listed(*more: str) -> str:
        assert main(["weights", "list", *more]) == 0
        return capsys.readouterr().out[:4]

    assert listed() == '{"na'
    write(tmp_path, '[tool.fashion]\nformat = "json"\n')
    assert listed() == "[\n  "
    monkeypatch.setenv("FASHION_FORMAT", "csv")
    assert listed() == "name"
    assert listed("--format", "jsonl") == '{"na'
    monkeypatch.setenv("FASHION_FORMAT", "paths")  # no format of this command, but of `search`
    assert listed() == '{"na'


def test_a_format_that_no_command_has_is_refused_with_its_origin(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FASHION_FORMAT", "tabel")
    assert main(["weights", "list"]) == 2
    assert capsys.readouterr().err == "fashion: FASHION_FORMAT: no format 'tabel' — did you mean 'table'?\n"
    monkeypatch.delenv("FASHION_FORMAT")
    file = write(tmp_path, "[tool.fashion]\nformat = 7\n")
    assert main(["weights", "list"]) == 2
    assert f"{file}: format: no format '7' — known here: table, json, jsonl, csv\n" in capsys.readouterr().err
    assert main(["search", "a.jpg"]) == 2
    assert f"{file}: format: no format '7' — known here: table, json, jsonl, csv, paths\n" in capsys.readouterr().err
    assert main(["index", "."]) == 2  # it prints in no format
    assert "known here: table, json, jsonl, csv, paths\n" in capsys.readouterr().err


def test_a_file_name_says_more_than_the_setting_of_the_format(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FASHION_FORMAT", "json")
    (tmp_path / "a.txt").touch()
    assert main(["tag", "a.txt", "-o", "tags.csv"]) == 1
    assert "skipped 1" in capsys.readouterr().err  # it ran
    assert main(["tag", "a.txt", "-o", "tags.csv", "--format", "csv"]) == 1
    assert "skipped 1" in capsys.readouterr().err
    assert main(["tag", "a.txt", "-o", "tags.csv", "--format", "jsonl"]) == 2
    assert "--format jsonl contradicts -o tags.csv" in capsys.readouterr().err
    assert main(["tag", "a.txt", "-o", "tags.h5", "--format", "csv"]) == 2
    assert "--format csv contradicts -o tags.h5" in capsys.readouterr().err


def test_every_setting_is_an_option_somewhere() -> None:
    from typer.main import get_command

    commands = [get_command(app)]
    names = set()
    while commands:
        command = commands.pop()
        names |= {setting_of(parameter) for parameter in command.params}
        commands += getattr(command, "commands", {}).values()
    assert set(KEYS) <= names
