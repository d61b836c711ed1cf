"""``python -m tests.browser.picture``: the README's picture, a batch of the demo while it runs.

Writes ``docs/run-light.png`` and ``docs/run-dark.png``.
"""

from __future__ import annotations

import re
import shutil
import signal
from typing import TYPE_CHECKING

from playwright.sync_api import ViewportSize, expect, sync_playwright

from integrator.core.env import BASE_DIR
from tests.services.installation import START_LIMIT, Installation, throwaway

if TYPE_CHECKING:
    from playwright.sync_api import Page

SIZE = ViewportSize(width=1280, height=800)
SHOWN_DONE = 5
"""So many rows of the batch are done in the picture, the others under way."""


def take(page: Page, demo: Installation) -> None:
    """Sign in, start the batch, and photograph it when some of it is done."""
    address = f"http://127.0.0.1:{demo.port}"
    page.goto(f"{address}/login/?next=/runs/")
    for name, label in (("username", "user"), ("password", "password")):
        [word] = re.findall(rf"{label} +(\S+)$", demo.said, re.MULTILINE)
        page.fill(f"[name={name}]", word)
    page.click(".sign-in .primary")
    accounts = str(demo.var_dir / "demo" / "accounts.csv")
    started = demo.run("bind", "--csv", accounts, "--autoprolong", "on")
    assert started.returncode == 0, started.stderr
    page.goto(f"{address}/runs/")
    page.locator("main [data-open]").first.click()
    done = page.locator(".run-rows .state.s-done").nth(SHOWN_DONE - 1)
    expect(done).to_be_visible(timeout=START_LIMIT * 1000)
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        page.screenshot(path=BASE_DIR / "docs" / f"run-{scheme}.png")


def main() -> None:
    """Make both pictures."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    with throwaway() as demo, sync_playwright() as playwright:
        up = demo.up()
        try:
            browser = playwright.chromium.launch(
                executable_path=chromium, args=["--no-sandbox", "--disable-dev-shm-usage"]
            )
            take(browser.new_page(viewport=SIZE), demo)
            browser.close()
        finally:
            up.send_signal(signal.SIGTERM)
            up.wait(60)


if __name__ == "__main__":
    main()
