"""A batch's report as one JSON document: what summary.json has, and what else its text says."""

import json
from typing import Any

from batch_credits.reporter.closing_words import closing_json
from batch_credits.reporter.summary import Summary
from batch_credits.reporter.summary_json import summary_json
from batch_credits.views.result import ResultView


def report_json(summary: Summary, result: ResultView) -> str:
    """The document, indented. `payout` are sentences about the batch's kin, `steps` what to do now, `files` the reports
    that were written, and `closings` how the payouts stand that it belongs to."""
    content: dict[str, Any] = json.loads(summary_json(summary)) | {
        "live": result.is_live,
        "payout": list(result.payout),
        "steps": [{"sentence": step.sentence, "command": step.command or None} for step in result.steps],
        "reports": str(summary.paths.directory),
        "files": [str(path) for path in result.reports],
        "closings": [closing_json(closing) for closing in summary.closings],
    }
    return json.dumps(content, indent=2, ensure_ascii=False)
