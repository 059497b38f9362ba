"""Commands, their help, and errors as one sentence on standard error."""

from __future__ import annotations

import argparse
import logging
import os
import sys
import textwrap
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn, TypeAlias

from spinglass_nn._version import __version__
from spinglass_nn.errors import Interrupted, ParameterError, SpinglassError

if TYPE_CHECKING:
    from spinglass_nn.studies import Recipe

_DESCRIPTION = """\
Ask whether a neural network's loss landscape is a spin glass, and get an answer with error
bars, null models and a verdict that may be no.
"""

_EXAMPLES = """\
examples:
  spinglass-nn quickstart
      the whole story on built-in data; ends with the path of a report to open in a browser
  spinglass-nn run liao2024 --set data=fashion-mnist --set data_dir=FOLDER --out results
      at real size on your own copy of the data; Ctrl-C and run again to go on
  spinglass-nn run liao2024 --set width=256 --set batch_sizes=8,64,512 --out wide
  spinglass-nn run barney2024 --set scale=quick --out melting
      networks read as spin models along training, from glass to hidden order
  spinglass-nn run li2025 --set scale=quick --out overlaps
      another study: replica overlaps of networks read as spin models
  spinglass-nn parameters liao2024
      everything that can be set, with its default and where that comes from
  spinglass-nn report results --figures pdf
      draw the report again, and save every figure as a file too
  spinglass-nn compare seed0 seed1 seed2
      the verdicts of runs that differ in --set seed=..., side by side
"""

_RUN_EXAMPLES = """\
examples:
  spinglass-nn run liao2024 --set data=fashion-mnist --set data_dir=FOLDER --out results
  spinglass-nn run liao2024 --set data=npz --set data_dir=mine.npz --out mine
      your own data: X, y, X_test, y_test
  spinglass-nn run liao2024 --set scale=quick --set batch_sizes=8,64,512 --out sizes
  spinglass-nn run li2025 --set n_seeds=20 --out overlaps
      the study of replica overlaps, with smaller errors
`spinglass-nn parameters STUDY` lists what can be set.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; returns the exit status: 0, 2 for an error, 130 for an interrupt."""
    options = _parser().parse_args(arguments)
    try:
        with _log_lines(options.quiet):
            options.command(options)
        sys.stdout.flush()
    except Interrupted as error:
        return _fail(str(error), 130)
    except KeyboardInterrupt:
        return _fail("interrupted; the same command goes on where it stopped", 130)
    except SpinglassError as error:
        return _fail(str(error), 2)
    except BrokenPipeError:  # the reader of our output left, as `head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        return _fail(f"{where}{error.strerror or error}; what was finished is kept", 2)
    return 0


@contextmanager
def _log_lines(quiet: bool) -> Iterator[None]:
    """What the package logs, as lines on standard error; other packages stay silent."""
    logger, handler = logging.getLogger("spinglass_nn"), logging.StreamHandler()
    level = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.WARNING if quiet else logging.INFO)
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)


_Commands: TypeAlias = "argparse._SubParsersAction[_Parser]"


class _Parser(argparse.ArgumentParser):
    """Says in one line what is wrong, instead of repeating the usage first."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {message}; see '{self.prog} --help'\n")


def _fail(message: str, status: int) -> int:
    sentence = " ".join(message.split())
    print(f"spinglass-nn: {sentence}", file=sys.stderr)
    return status


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="spinglass-nn",
        description=_DESCRIPTION,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"spinglass_nn {__version__}")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    common = _Parser(add_help=False)
    common.add_argument(
        "-q", "--quiet", action="store_true", help="print the report's path and errors alone"
    )
    running = _Parser(add_help=False)
    running.add_argument(
        "--threads", type=_threads, metavar="N", help="threads to use (default: all cores)"
    )

    _add_quickstart(
        commands.add_parser(
            "quickstart",
            parents=[common, running],
            help="the whole story on the built-in data, a report in minutes",
            description="Run the main study at its quick scale on the built-in Fashion-MNIST "
            "subset and write a report. Running it again goes on where it stopped.",
            epilog="example: spinglass-nn quickstart --out first-look --threads 2",
        )
    )
    _add_run(
        commands.add_parser(
            "run",
            parents=[common, running],
            help="a paper's study, at any size; goes on where it stopped",
            description="Run a study into a folder. Running the same command again goes on\n"
            "where an earlier run stopped, to the same bits.",
            epilog=_RUN_EXAMPLES,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
    )
    _add_parameters(
        commands.add_parser(
            "parameters",
            parents=[common],
            help="what can be set in a study, with defaults",
            description="List everything that `run STUDY --set KEY=VALUE` can set, with its "
            "default, what it means, and where the default comes from.",
            epilog="example: spinglass-nn parameters liao2024",
        )
    )
    _add_readers(commands, common)
    return parser


def _add_readers(commands: _Commands, common: _Parser) -> None:
    """Commands that read finished studies."""
    _add_report(
        commands.add_parser(
            "report",
            parents=[common],
            help="draw the report of a finished study again",
            description="Write report.html into the folder of a finished study.",
            epilog="example: spinglass-nn report results --figures pdf",
        )
    )
    _add_compare(
        commands.add_parser(
            "compare",
            parents=[common],
            help="whether verdicts stand under other seeds",
            description="Hold the claims of finished runs of one study, which differ in their "
            "seed alone, against each other. Where runs disagree the verdict is that it cannot "
            "be told. S is the scatter of the values over what their errors promise.",
            epilog="example: spinglass-nn compare seed0 seed1 seed2",
        )
    )


def _threads(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"must be an integer of at least 1, got {text!r}")
    return int(text)


def _add_quickstart(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--out",
        default="quickstart",
        metavar="DIR",
        help="folder of results (default: %(default)s)",
    )
    parser.set_defaults(command=_quickstart)


def _add_run(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "study", metavar="STUDY", help="name of the study: barney2024, li2025 or liao2024"
    )
    parser.add_argument(
        "--set",
        dest="settings",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="set a parameter (lists with commas); may be given many times",
    )
    parser.add_argument(
        "--out", metavar="DIR", help="folder of results (default: the study's name)"
    )
    parser.set_defaults(command=_run)


def _add_parameters(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "study", metavar="STUDY", help="name of the study: barney2024, li2025 or liao2024"
    )
    parser.set_defaults(command=_parameters)


def _add_report(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", metavar="DIR", help="folder of a finished study")
    parser.add_argument(
        "--figures", choices=("svg", "pdf", "png"), help="save every figure as a file too"
    )
    parser.set_defaults(command=_report)


def _add_compare(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "folders", nargs="+", metavar="DIR", help="folders of finished runs, two or more"
    )
    parser.set_defaults(command=_compare)


def _quickstart(options: argparse.Namespace) -> None:
    _study(options, "liao2024", {"scale": "quick"}, options.out)


def _run(options: argparse.Namespace) -> None:
    settings: dict[str, str] = {}
    for text in options.settings:
        key, sign, value = text.partition("=")
        if not sign or not key.strip():
            raise ParameterError(f"--set must be given as KEY=VALUE, got {text!r}")
        settings[key.strip()] = value.strip()
    _study(options, options.study, settings, options.out or options.study)


def _study(
    options: argparse.Namespace, name: str, settings: dict[str, str], folder: str
) -> None:
    from spinglass_nn import reports, studies

    show_bars = sys.stderr.isatty() and not options.quiet
    run = studies.run_study(
        name, folder, settings, progress=show_bars, n_threads=options.threads
    )
    path = reports.write_study(run)
    if not options.quiet:
        _verdicts(run)
    print(f"report: {path}")


def _verdicts(run: object) -> None:
    """The claims on one line each, for those who never open the report."""
    for claim in run.claims:  # type: ignore[attr-defined]
        print(f"{claim.identifier:<22} {claim.verdict:<18} {claim.statement}")


def _report(options: argparse.Namespace) -> None:
    from spinglass_nn import reports, studies

    run = studies.open_study(options.folder)
    path = reports.write_study(run)
    if options.figures:
        for figure in reports.save_figures(
            run, Path(options.folder) / "figures", options.figures
        ):
            print(f"figure: {figure}")
    print(f"report: {path}")


def _compare(options: argparse.Namespace) -> None:
    from spinglass_nn import studies

    found = studies.compare_studies([studies.open_study(name) for name in options.folders])
    print(f"{found.name}, seeds {', '.join(map(str, found.seeds))}\n")
    for claim in found.claims:
        words = (
            claim.verdict if claim.stable else f"{claim.verdict} ({'; '.join(claim.verdicts)})"
        )
        print(f"{claim.identifier}: {words}")
        print(f"    {claim.statement}")
        values = ", ".join("-" if value is None else str(value) for value in claim.values)
        mean = "" if claim.mean is None else f"; mean {claim.mean}, S = {claim.scale:.2f}"
        print(f"    {values}{mean}")
    n_stable = sum(claim.stable for claim in found.claims)
    print(f"\n{n_stable} of {len(found.claims)} verdicts are the same under all seeds")


def _parameters(options: argparse.Namespace) -> None:
    from spinglass_nn import studies

    recipe = studies.find_recipe(options.study)
    print(recipe.title)
    print(
        "\nKEY = default (where a scale differs)\n    meaning; where the default comes from\n"
    )
    for name, (meaning, basis) in recipe.notes.items():
        text = meaning if basis == "-" else f"{meaning}; {basis}"
        for line in _broken(f"{name} = {_defaults(recipe, name)}".rstrip()):
            print(line)
        print(textwrap.indent(textwrap.fill(text, 84), "    "))


def _broken(line: str, width: int = 88) -> Iterator[str]:
    """A long line in several, broken after commas and blanks."""
    while len(line) > width:
        end = max(line.rfind(",", 0, width), line.rfind(" ", 0, width)) + 1
        if end < width // 2:
            break
        yield line[:end].rstrip()
        line = "        " + line[end:].lstrip()
    yield line


def _defaults(recipe: Recipe, name: str) -> str:
    """The default as it would be typed, and those of the scales that have another."""
    usual = getattr(recipe.parameters(), name)
    others = [
        f"{scale}: {_typed(values[name])}"
        for scale, values in recipe.scales.items()
        if values.get(name, usual) != usual
    ]
    return _typed(usual) + (f" ({', '.join(others)})" if others else "")


def _typed(value: object) -> str:
    return ",".join(map(str, value)) if isinstance(value, tuple) else str(value)
