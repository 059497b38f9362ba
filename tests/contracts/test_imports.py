"""What an import costs in modules, and who may import what."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "spinglass_nn"
FILES = sorted(PACKAGE.rglob("*.py"))
HEAVY = "numba scipy matplotlib networkx numpy tqdm jinja2 msgspec torch safetensors h5py pooch"
OPTIONAL = ["torch", "safetensors", "h5py", "pooch"]


def imports(file):
    """Names of the modules a file imports, wherever in it."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield "." * node.level + (node.module or "")


def importers(top):
    return {
        f.relative_to(PACKAGE).as_posix()
        for f in FILES
        if any(name.split(".")[0] == top for name in imports(f))
    }


def test_importing_the_package_loads_nothing_heavy(run_python):
    loaded = set(run_python("import sys, spinglass_nn; print(*sys.modules)").split())
    assert not loaded & set(HEAVY.split())
    ours = {name for name in loaded if name.startswith("spinglass_nn")}
    assert ours <= {"spinglass_nn", "spinglass_nn._version"}


def test_opening_every_room_loads_no_compiler_and_no_plots(run_python):
    loaded = set(run_python(
        "import sys, spinglass_nn as sg\n"
        "for name in sg.__all__:\n"
        "    if name not in ('load', 'save'):\n"
        "        getattr(sg, name)\n"
        "print(*sys.modules)"
    ).split())  # fmt: skip
    assert not loaded & {"numba", "matplotlib", "torch"}


def test_every_module_imports_without_the_optional_packages(run_python):
    modules = [
        ".".join(f.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        for f in FILES
        if f.name != "__main__.py"
    ]
    run_python(
        "import importlib, sys\n"
        "class Missing:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        f"        if name.split('.')[0] in {OPTIONAL}:\n"
        "            raise ModuleNotFoundError(name)\n"
        "sys.meta_path.insert(0, Missing())\n"
        f"for name in {modules}:\n"
        "    importlib.import_module(name)\n"
    )


def test_numba_is_imported_by_the_compiler_and_the_vector_layer_alone():
    vectors = {f.relative_to(PACKAGE).as_posix() for f in (PACKAGE / "_core").glob("simd*.py")}
    assert importers("numba") <= vectors | {"_core/jit.py"}
    assert importers("llvmlite") <= vectors


def test_matplotlib_is_imported_by_plotting_and_reports_alone():
    rooms = {file.split("/")[0] for file in importers("matplotlib")}
    assert rooms <= {"plotting", "reports"}


@pytest.mark.parametrize("package", ["torch", "pandas", "sklearn", "jax", "requests"])
def test_not_imported_anywhere(package):
    assert importers(package) == set()


def test_kernels_import_only_kernels():
    allowed = {"__future__", "collections.abc", "math", "typing", "numpy", "numpy.typing",
               "spinglass_nn.typing"}  # fmt: skip
    for file in (f for f in FILES if f.stem.endswith("kernels")):
        foreign = {
            name
            for name in set(imports(file)) - allowed
            if not name.startswith("spinglass_nn._core") and not name.endswith("kernels")
        }
        assert not foreign, file


def test_layers_of_rooms():
    pytest.importorskip("importlinter")
    code = "import sys; from importlinter.cli import lint_imports_command as run; run()"
    done = subprocess.run(
        [sys.executable, "-c", code, "--no-cache"], cwd=ROOT, capture_output=True, text=True,
        env=os.environ | {"PYTHONPATH": str(ROOT)}, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
