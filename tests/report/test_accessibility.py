"""The HTML report before an HTML validator and, in a real browser, an accessibility checker.

Needs ``npm install --prefix tests/report`` and Chromium; skips with the reason where they are not.
"""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

MODULES = Path(__file__).parent / "node_modules"
RUN = """
<script>axe.run(document, {runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa",
"best-practice"]}).then(found => {
  const said = document.createElement("pre");
  said.id = "axe";
  said.textContent = JSON.stringify({passes: found.passes.length, violations: found.violations.map(
    v => [v.id, v.help, v.nodes.map(n => n.html.slice(0, 200))])});
  document.body.append(said);
});</script>
"""


def installed(name):
    path = MODULES / name
    if not path.exists():
        pytest.skip(f"{name} is not installed: npm install --prefix tests/report")
    return path


def test_the_html_is_valid(html):
    if not shutil.which("node"):
        pytest.skip("node is not installed")
    validator = installed("html-validate/bin/html-validate.mjs")
    done = subprocess.run(
        ["node", validator, html], capture_output=True, text=True, cwd=html.parent, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_html_is_accessible(html, tmp_path):
    browser = shutil.which("chromium") or shutil.which("chromium-browser")
    if not browser:
        pytest.skip("Chromium is not installed")
    axe = installed("axe-core/axe.min.js").read_text(encoding="utf-8")
    page = re.sub(r"<meta http-equiv=[^>]*>", "", html.read_text(encoding="utf-8"))
    copy = tmp_path / "checked.html"
    copy.write_text(page.replace("</body>", f"<script>{axe}</script>{RUN}</body>"), "utf-8")
    done = subprocess.run(
        [
            browser,
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            f"--user-data-dir={tmp_path / 'browser'}",
            "--virtual-time-budget=20000",
            "--dump-dom",
            copy.as_uri(),
        ],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    said = re.search(r'<pre id="axe">(.*?)</pre>', done.stdout, re.DOTALL)
    assert said, "the checker did not finish"
    found = json.loads(said[1].replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&"))
    assert found["passes"] > 20
    assert found["violations"] == []
