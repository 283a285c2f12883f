"""How long a page of ten thousand verdicts takes to show those that hold a word, in Chromium.

    python -m benchmarks.report_filter [--verdicts 10000]

Needs chromium and chromedriver on PATH. A time runs from the input's event until the page is laid out anew.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
from pathlib import Path

from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service

from benchmarks.report import repeated
from hubble_qa.reports.pages.html import write_report
from tests.report_sample import sample_results

SCRIPT = """const field = document.querySelector('input[name=words]'), begun = performance.now();
            field.value = arguments[0];
            field.dispatchEvent(new Event('input', {bubbles: true}));
            document.body.getBoundingClientRect();
            return performance.now() - begun"""
WORDS = ("00017", "pht-001 r_flt", "zzz", "")


def main() -> None:
    """Write a page, open it, and filter it by some words."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--verdicts", type=int, default=10_000)
    asked = parser.parse_args()
    options = Options()
    for switch in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"):
        options.add_argument(switch)
    options.binary_location = shutil.which("chromium") or ""
    with tempfile.TemporaryDirectory() as place:
        sample = sample_results(Path(place) / "drawn")
        index = write_report(repeated(sample, 1, asked.verdicts), Path(place) / "report")
        browser = webdriver.Chrome(options=options, service=Service(shutil.which("chromedriver")))
        try:
            browser.get(index.with_name("dataset-0000.html").as_uri())
            for words in WORDS:
                print(f"{words!r}: {browser.execute_script(SCRIPT, words):.0f} ms")
        finally:
            browser.quit()


if __name__ == "__main__":
    main()
