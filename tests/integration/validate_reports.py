"""Validates reports/*.{junit,sarif,tap} against the schemas that lie beside them."""

import json
import re
import sys
import tarfile
from pathlib import Path

import jsonschema
import xmlschema
import yaml

faults = []


def junit_schemas():
    """Jenkins' of today, Windy Road's, and an older one of Jenkins."""
    (source,) = Path().glob("pytest-*.tar.gz")
    with tarfile.open(source) as archive:
        (name,) = [name for name in archive.getnames() if name.endswith("/junit-10.xsd")]
        yield archive.extractfile(name).read().decode()
    (crate,) = Path("crates/vendor").glob("junit-report-*")
    for path in (crate / "tests/JUnit-alternative.xsd", crate / "tests/JUnit.xsd"):
        yield path.read_text()


def check_junit(paths):
    schemas = [xmlschema.XMLSchema(text) for text in junit_schemas()]
    for path in paths:
        for number, schema in enumerate(schemas):
            for error in schema.iter_errors(path):
                faults.append(f"{path}, schema {number}: {error.reason} at {error.path}")


def check_sarif(paths):
    (crate,) = Path("crates/vendor").glob("serde-sarif-*")
    schema = json.loads((crate / "src/schema.json").read_text())
    assert "2.1.0" in schema["title"], schema["title"]
    validator = jsonschema.Draft7Validator(schema)
    for path in paths:
        for error in validator.iter_errors(json.loads(path.read_text())):
            faults.append(f"{path}: {error.message} at {error.json_path}")


def check_tap(paths):
    """Every diagnostic is YAML, and there are as many points as are planned."""
    for path in paths:
        text = path.read_text()
        plan = int(re.search(r"^1\.\.(\d+)$", text, re.M)[1])
        points = [int(number) for number in re.findall(r"^(?:not )?ok (\d+) - ", text, re.M)]
        if points != list(range(1, plan + 1)):
            faults.append(f"{path}: {plan} points are planned, and those are there: {points}")
        for block in re.findall(r"^  ---\n(.*?)^  \.\.\.\n", text, re.M | re.S):
            diagnostics = yaml.safe_load(block)
            if not isinstance(diagnostics["message"], str):
                faults.append(f"{path}: {diagnostics}")


for form, check in (("junit", check_junit), ("sarif", check_sarif), ("tap", check_tap)):
    paths = sorted(Path("reports").glob(f"*.{form}"))
    assert paths, form
    check(paths)

if faults:
    sys.exit("\n".join(faults))
print("as they should be")
