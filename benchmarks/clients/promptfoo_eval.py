"""promptfoo: writes its configuration (`llm-rubric` on answers that are echoed) and reads its results.

The Node process is what is measured; this file is run before it and after it.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from benchmarks.clients.job import Job, Report, read_job

CONFIGURATION, TESTS, OUTPUT = "promptfooconfig.json", "tests.jsonl", "output.json"


def write_configuration(job: Job) -> None:
    """Configuration and answers into the job's folder."""
    job.state.mkdir(parents=True, exist_ok=True)
    rubric = job.workload["system"]["degradation"]
    judge = {
        "id": "openai:chat:gpt-4.1",
        "config": {"apiBaseUrl": job.base_url, "apiKey": "sk-mock", "temperature": 0},
    }
    configuration = {
        "prompts": ["{{answer}}"],
        "providers": ["echo"],
        "tests": f"file://{TESTS}",
        "defaultTest": {"assert": [{"type": "llm-rubric", "value": rubric, "provider": judge}]},
    }
    (job.state / CONFIGURATION).write_text(json.dumps(configuration), encoding="utf-8")
    with (job.state / TESTS).open("w", encoding="utf-8") as file:
        for row in job.rows():
            file.write(json.dumps({"vars": {"answer": row["answer"]}}) + "\n")


def read_output(state: Path) -> Report:
    """How the answers ended, out of promptfoo's own results file."""
    report = Report()
    output = state / OUTPUT
    if not output.exists():
        return report
    for result in json.loads(output.read_text(encoding="utf-8"))["results"]["results"]:
        parts = (result.get("gradingResult") or {}).get("componentResults") or []
        reason = str(parts[0].get("reason") if parts else result.get("error"))
        if parts and reason.startswith("The mock endpoint wrote this."):
            report.graded += 1
        elif parts and result.get("failureReason") == 1:
            # "The assertion failed": in its table this answer stands as one that the rubric refused.
            report.wrong += 1
            report.errors[reason[:60]] += 1
        else:
            report.fail(reason[:60])
    return report


if __name__ == "__main__":
    if sys.argv[1] == "write":
        write_configuration(read_job(sys.argv[2:]))
    else:
        read_output(Path(sys.argv[2])).print()
