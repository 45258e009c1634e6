"""Promise: the link that opens a browser is for the user alone."""

import stat
from pathlib import Path

from justhtml import JustHTML

from batch_credits.web.door.way_in import write_way_in


def test_the_file_leads_to_the_link_and_nobody_else_reads_it(tmp_path: Path) -> None:
    link = 'http://localhost:1/?token=a&b="><script>'
    path = write_way_in(tmp_path, link)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    page = JustHTML(path.read_text(), sanitize=False)
    [meta] = page.query("meta")
    assert dict(meta.attrs or {}) == {"http-equiv": "refresh", "content": f"0; url={link}"}
    assert not page.query("script")
