"""The report in a browser, where there is one: drawn, printed, and with nothing for its policy to refuse."""

import shutil
import subprocess
from pathlib import Path

import pytest
from tests.stages.report import materials

from tunewright.stages.report.api import render

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
BROWSER = next((found for name in BROWSERS if (found := shutil.which(name))), None)
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--enable-logging=stderr",
]
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(BROWSER is None, reason=f"none of {BROWSERS} is on this machine"),
]


def open_page(folder: Path, html: str, *flags: str) -> list[str]:
    """What the page's console said."""
    (folder / "page.html").write_text(html, encoding="utf-8")
    call = [BROWSER, *FLAGS, f"--user-data-dir={folder / 'profile'}", *flags, (folder / "page.html").as_uri()]
    process = subprocess.run(call, capture_output=True, text=True, timeout=120, check=True)
    return [line for line in process.stderr.splitlines() if "CONSOLE" in line]


@pytest.mark.parametrize("name", ["full", "hostile"])
def test_a_browser_draws_the_report_and_its_policy_refuses_nothing(tmp_path: Path, name: str) -> None:
    picture = tmp_path / "page.png"
    console = open_page(
        tmp_path, render(getattr(materials, name)()), "--window-size=1200,2400", f"--screenshot={picture}"
    )
    assert console == []
    assert picture.stat().st_size > 50_000


def test_a_browser_prints_the_report(tmp_path: Path) -> None:
    paper = tmp_path / "page.pdf"
    assert open_page(tmp_path, render(materials.full()), f"--print-to-pdf={paper}") == []
    assert paper.read_bytes().startswith(b"%PDF")


def test_a_script_in_the_page_would_have_been_refused(tmp_path: Path) -> None:
    html = render(materials.nothing()).replace("</main>", "</main><script>1</script>")
    console = open_page(tmp_path, html, f"--screenshot={tmp_path / 'page.png'}")
    assert any("Content Security Policy" in line for line in console)
