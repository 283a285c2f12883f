"""The certificate of a run: which files were judged, and whether they may be certified."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from hubble_qa.checks.printable import one_line
from hubble_qa.fixtures.suite.run import Run
from hubble_qa.reports.certificate.issue import certify, parse_excuse, refusal
from hubble_qa.reports.certificate.statement import CertificateError
from hubble_qa.reports.collect.results import Results

__all__ = ["certify_run"]


def certify_run(
    run: Run, results: Results, started: datetime, *, whole: bool, outside: Collection[str]
) -> str:
    """Write the certificate that a run was asked for; return why not, in one line, or nothing.

    Parameters
    ----------
    run : Run
        The run; it judged finished products.
    results : Results
        What it found.
    started : datetime
        When it began.
    whole : bool
        Whether all tests ran to their end.
    outside : collection of str
        Tests that failed without a verdict.
    """
    options = run.options
    if options.certificate is None or options.products is None:
        return "only finished products are certified"
    directory = options.products
    try:
        excuses = [parse_excuse(text) for text in options.certify_despite]
        why = refusal(results, excuses, whole=whole, outside=outside)
        if not why:
            files = [file for each in run.datasets.values() for file in run.judged(each).files.values()]
            certify(
                options.certificate,
                results,
                {file.path.relative_to(directory).as_posix(): file.path for file in files},
                not_judged=run.left_out,
                excuses=excuses,
                since=started,
                key=options.sign,
                jobs=options.jobs,
            )
    except CertificateError as error:
        why = str(error)
    if why and options.certificate.exists():
        why += f" ({options.certificate} is of an earlier run)"
    return one_line(why)
