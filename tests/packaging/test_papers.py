"""The papers beside the code say what is true: versions, hash, addresses, workflow files."""

import hashlib
import os
import re
import shlex
import shutil
import subprocess
import sys

import pytest
import yaml

from demo_world.model import WEIGHTS
from tools.comfyui import RELEASES
from tools.environment import NETWORKS, ROOT
from tools.publishable import problems, read

WORKFLOWS = ROOT / ".github" / "workflows"
ADDRESS = "https://example.org/s2st"


@pytest.fixture(scope="module")
def project():
    return read(ROOT)[0]


def text(name):
    return (ROOT / name).read_text(encoding="utf-8")


def workflow(name):
    return yaml.safe_load((WORKFLOWS / name).read_text(encoding="utf-8"))


def test_every_paper_names_the_version_of_the_project(project):
    version = project["project"]["version"]
    assert yaml.safe_load(text("CITATION.cff"))["version"] == version
    assert re.findall(r"^## (\S+)", text("CHANGELOG.md"), re.M)[0] == version


def test_the_citation_names_the_paper(project):
    paper = yaml.safe_load(text("CITATION.cff"))["preferred-citation"]
    assert [one["family-names"] for one in paper["authors"]] == [
        "Greenberg",
        "Kishon",
        "Lischinski",
    ]
    assert paper["url"] == project["project"]["urls"]["Paper"]
    assert paper["title"] in " ".join(text("README.md").split())


@pytest.mark.parametrize("folder", [WEIGHTS, NETWORKS])
def test_cards_state_the_hashes_of_the_weights(folder):
    card = (folder / "README.md").read_text(encoding="utf-8")
    files = sorted(folder.glob("*.safetensors"))
    digests = [hashlib.sha256(one.read_bytes()).hexdigest() for one in files]
    assert files and re.findall(r"`([0-9a-f]{64})`", card) == digests
    assert [one.name for one in files if f"`{one.name}`" not in card] == []


def test_a_comfyui_installs_what_a_comfyui_may_lack(project):
    lines = [line for line in text("requirements.txt").splitlines() if line[:1] not in ("", "#")]
    assert set(lines) <= set(project["project"]["dependencies"])


def test_the_public_tests_run_in_every_supported_python_and_comfyui(project):
    (job,) = workflow("tests.yml")["jobs"].values()
    matrix = job["strategy"]["matrix"]
    declared = re.findall(r"Python :: (3\.\d+)", "\n".join(project["project"]["classifiers"]))
    assert matrix["python"] == declared
    assert project["project"]["requires-python"] == f">={matrix['python'][0]}"
    assert sorted(matrix["comfyui"]) == sorted(RELEASES)
    assert job["steps"][-1]["run"] == "python dev.py test"


def test_publishing_waits_for_the_tests():
    jobs = workflow("publish.yml")["jobs"]
    assert jobs["publish"]["needs"] == "tests"
    assert (ROOT / jobs["tests"]["uses"]).is_file()


def gate_and_rest():
    """The step that may refuse, and the steps after it."""
    steps = workflow("publish.yml")["jobs"]["publish"]["steps"]
    (place,) = [number for number, step in enumerate(steps) if "publishable" in step.get("run", "")]
    return steps[place]["run"], steps[place + 1 :]


@pytest.fixture
def copy(tmp_path):
    """As much of the project as the gate reads."""
    for name in ("pyproject.toml", "CHANGELOG.md", "tools/environment.py", "tools/publishable.py"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copyfile(ROOT / name, tmp_path / name)
    return tmp_path


def gate(folder, tag):
    """Run the workflow's own command as its runner would."""
    program, *arguments = shlex.split(gate_and_rest()[0].replace("$GITHUB_REF_NAME", tag))
    assert program == "python"
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env={key: value for key, value in os.environ.items() if key != "PYTHONPATH"},
        capture_output=True,
        text=True,
    )


def test_nothing_is_published_without_addresses(copy, project):
    bare = re.sub(
        r'^(Repository|Documentation|Issues) = ".*"\n', "", text("pyproject.toml"), flags=re.M
    )
    (copy / "pyproject.toml").write_text(bare, encoding="utf-8")
    run = gate(copy, f"v{project['project']['version']}")
    assert run.returncode == 1
    assert "[project.urls] Repository is missing" in run.stdout
    assert [step["uses"].split("@")[0] for step in gate_and_rest()[1]] == [
        "Comfy-Org/publish-node-action"
    ]


def completed(project):
    """What is known of the project now, with the addresses that are still to come."""
    addresses = dict.fromkeys(("Repository", "Documentation", "Issues"), ADDRESS)
    comfy = {"PublisherId": "somebody", "Icon": f"{ADDRESS}/icon.png"}
    return {"project": {**project["project"], "urls": addresses}, "tool": {"comfy": comfy}}


def test_with_addresses_a_date_and_its_tag_it_is_published(project):
    version = project["project"]["version"]
    changelog = f"# Changelog\n\n## {version} (2026-12-01)\n"
    assert list(problems(completed(project), changelog, f"v{version}")) == []


@pytest.mark.parametrize(
    ("changelog", "tag", "word"),
    [
        ("\n## {} (unreleased)\n", "v{}", "say what has changed, and when"),
        ("\n## {} (2026-12-01)\n", "v9.9.9", "The tag is 'v9.9.9'"),
    ],
)
def test_a_missing_date_or_another_tag_is_refused(project, changelog, tag, word):
    version = project["project"]["version"]
    found = problems(completed(project), changelog.format(version), tag.format(version))
    (sentence,) = list(found)
    assert word in sentence


def test_an_icon_that_no_registry_can_show_is_refused(project):
    known = completed(project)
    known["tool"]["comfy"]["Icon"] = "web/icon.png"
    version = project["project"]["version"]
    found = problems(known, f"\n## {version} (2026-12-01)\n", f"v{version}")
    assert list(found) == [
        "[tool.comfy] Icon is 'web/icon.png', but the registry shows only an address."
    ]
