"""The template is one that cfn-lint has nothing to say of, and what no linter knows of it holds."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

lint: Any = pytest.importorskip("cfnlint", reason="cfn-lint is not installed")
decode: Any = pytest.importorskip("cfnlint.decode", reason="cfn-lint is not installed")

TEMPLATE = Path(__file__).parents[3] / "examples" / "aws_lambda" / "template.yaml"


def linted(template: Path) -> subprocess.CompletedProcess[str]:
    start = "import sys; from cfnlint.runner import main; sys.exit(main())"
    return subprocess.run([sys.executable, "-c", start, str(template)], capture_output=True, text=True, timeout=120)


@pytest.fixture(scope="module")
def resources() -> Any:
    template, problems = decode.decode(str(TEMPLATE))
    assert not problems
    return template["Resources"]


def test_cfn_lint_finds_nothing() -> None:
    done = linted(TEMPLATE)
    assert (done.returncode, done.stdout) == (0, ""), done.stdout + done.stderr


def test_cfn_lint_would_find_something(tmp_path: Path) -> None:
    broken = tmp_path / "template.yaml"
    broken.write_text(TEMPLATE.read_text().replace("python3.13", "python2.7"))
    assert "python2.7" in linted(broken).stdout


def test_what_failed_goes_back_to_the_queue_and_at_last_to_the_dead_letter_queue(resources: Any) -> None:
    """Without ReportBatchItemFailures Lambda deletes every message of a batch that was answered."""
    mapping = resources["Store"]["Properties"]["Events"]["Queue"]["Properties"]
    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert mapping["Queue"] == {"Fn::GetAtt": ["Annotations", "Arn"]}
    redrive = resources["Annotations"]["Properties"]["RedrivePolicy"]
    assert redrive["deadLetterTargetArn"] == {"Fn::GetAtt": ["DeadAnnotations", "Arn"]}
    assert redrive["maxReceiveCount"] >= 3


def test_a_message_is_not_delivered_again_while_it_is_worked_on(resources: Any) -> None:
    """As AWS advises: six times the function's timeout, and as long as a batch is collected."""
    function = resources["Store"]["Properties"]
    collected = function["Events"]["Queue"]["Properties"]["MaximumBatchingWindowInSeconds"]
    assert resources["Annotations"]["Properties"]["VisibilityTimeout"] >= 6 * function["Timeout"] + collected


def test_the_key_is_a_reference_to_a_secret(resources: Any) -> None:
    key = resources["Store"]["Properties"]["Environment"]["Variables"]["CLARIFAI_PAT"]
    assert key == {"Fn::Sub": "{{resolve:secretsmanager:${ClarifaiPatSecret}:SecretString}}"}


def test_the_function_is_what_the_build_makes(resources: Any) -> None:
    function = resources["Store"]["Properties"]
    build = TEMPLATE.with_name("build.py").read_text()
    assert function["Handler"] == "handler.handler"
    assert function["CodeUri"] == "function.zip"
    assert f'"{function["CodeUri"]}"' in build
    assert f'default="{function["Runtime"].removeprefix("python")}"' in build
    assert f'default="{function["Architectures"][0]}"' in build
