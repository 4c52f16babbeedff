"""The page of an overview in a browser: it renders, and nothing of it is refused."""

import shutil
import subprocess

import numpy as np
import pytest

BROWSER = (
    shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
)
WIDTH, HEIGHT = 1300, 4500
BLUE = (0, 114, 178)


@pytest.mark.skipif(BROWSER is None, reason="there is no chromium to open the page in")
def test_it_renders_in_a_browser(overview, tmp_path):
    import matplotlib.image

    shot, page = tmp_path / "shot.png", overview.overview.page
    flags = ["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"]
    flags += ["--enable-logging=stderr", f"--user-data-dir={tmp_path / 'profile'}"]
    flags += [f"--window-size={WIDTH},{HEIGHT}", f"--screenshot={shot}"]
    done = subprocess.run(
        [BROWSER, *flags, page.as_uri()], capture_output=True, text=True, timeout=120
    )
    assert "CONSOLE" not in done.stderr
    pixels = np.round(matplotlib.image.imread(shot)[..., :3] * 255).astype(int)
    assert pixels.shape[1] == WIDTH
    content = np.flatnonzero((pixels != 255).any((1, 2)))
    assert 2000 < content[-1] < HEIGHT - 100
    blue = np.flatnonzero((abs(pixels - BLUE) < 12).all(-1).any(1))  # of pictures alone
    assert blue[-1] - blue[0] > 1000
