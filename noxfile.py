"""The checks in environments of their own: `nox`, or one of them: `nox -s lint`.

`tests/run.sh` runs the same checks in `.venv` and is quicker; these need nothing that lies there.
"""

import nox

PYTHONS = ["3.11", "3.12"]

nox.options.reuse_existing_virtualenvs = True
nox.options.sessions = ["lint", "types", "imports", "tests", "bare"]


@nox.session
def lint(session: nox.Session) -> None:
    """Format and rules."""
    session.install("ruff>=0.8")
    session.run("ruff", "format", "--check", ".")
    session.run("ruff", "check", ".")


@nox.session
def types(session: nox.Session) -> None:
    """mypy, strict."""
    session.install("--editable", ".[dev,train,encoders,map,crawl,serve,databases,heif]")
    session.run("mypy")


@nox.session
def imports(session: nox.Session) -> None:
    """The order of the house. It is read from the source, so nothing else has to be installed."""
    session.install("import-linter>=2.3")
    session.run("lint-imports")


@nox.session(python=PYTHONS)
def tests(session: nox.Session) -> None:
    """The tests; arguments after `--` go to pytest."""
    session.install("--editable", ".[dev,train,encoders,map,crawl,serve,databases,heif]")
    parallel = ["--numprocesses=auto", "--dist=loadscope", "--no-loadscope-reorder"]
    session.run("pytest", *parallel, "--cov", "--cov-report=term", *session.posargs)


@nox.session(python=PYTHONS)
def bare(session: nox.Session) -> None:
    """The main job with what `pip install fashion-cli` brings and nothing else, outside the checkout."""
    session.install(".")
    root, folder = session.invoked_from, session.create_tmp()
    session.chdir(folder)
    session.run("python", f"{root}/examples/draw_garments.py", "gallery", "gallery", "--count", "16")
    session.run("fashion", "weights", "verify")
    session.run("fashion", "index", "gallery", "-o", "index")
    session.run("fashion", "search", "gallery/hat-red-plain-01.jpg", "--index", "index", "--topk", "3")
