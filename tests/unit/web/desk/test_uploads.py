"""What comes through the page lies under names of the server's."""

import os
from pathlib import Path

import pytest

from batch_credits.web.desk.uploads import MAX_NAME_BYTES, Upload, Uploads, plain_name
from batch_credits.web.door.refusals import Refused
from tests.each import each


@each(
    "given, name",
    [
        ("loyalty.csv", "loyalty.csv"),
        ("Prämien März (final).xlsx", "Prämien März (final).xlsx"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\ada\\payout.csv", "payout.csv"),
        ("..", "upload"),
        ("", "upload"),
        (".csv", "csv"),
        ("a\x00b\n<script>.csv", "a_b_script_.csv"),
        ("--yes.csv", "--yes.csv"),
        ("the %22final%22 one, 5%.csv", "the _final_ one, 5_.csv"),
        ("payout.csv.gz", "payout.csv.gz"),
    ],
)
def test_a_name_is_made_of_letters_and_leads_nowhere(given: str, name: str) -> None:
    assert plain_name(given) == name


def test_a_long_name_fits_a_file_system() -> None:
    name = plain_name("ü" * 500 + ".csv")
    assert len(name.encode()) <= MAX_NAME_BYTES + 1
    assert name.endswith(".csv")
    assert len(plain_name("a" * 1000 + "." + "b" * 300).encode()) <= MAX_NAME_BYTES + 1


def received(uploads: Uploads, **more: str) -> Upload:
    folder = uploads.begin()
    (folder / "received").write_text("a,b\n")
    return uploads.keep(folder / "received", "a.csv", "ada", {"map": ("x=y", "z=--yes"), "reference": ("q3",)}, **more)


def test_an_upload_is_found_again_with_all_that_was_said(tmp_path: Path) -> None:
    uploads = Uploads(tmp_path / "uploads")
    upload = received(uploads, mends="ab" * 32)
    found = Uploads(tmp_path / "uploads").find(upload.upload_id)
    assert found == upload
    assert found.source.read_text() == "a,b\n"
    assert found.words() == ["--map=x=y", "--map=z=--yes", "--reference=q3"]
    assert [each.upload_id for each in uploads.all()] == [upload.upload_id]


@pytest.mark.parametrize("upload_id", ["", "..", "0" * 20, "../" + "0" * 17, "G" * 20])
def test_what_there_is_not_is_refused(tmp_path: Path, upload_id: str) -> None:
    uploads = Uploads(tmp_path / "uploads")
    with pytest.raises(Refused) as refused:
        uploads.find(upload_id)
    assert refused.value.status == 404


def test_what_was_begun_and_never_came_is_no_upload_and_goes_in_the_end(tmp_path: Path) -> None:
    uploads = Uploads(tmp_path / "uploads")
    begun, kept, needed = uploads.begin(), received(uploads), received(uploads)
    assert len(list(uploads.all())) == 2
    for folder in (begun, kept.folder, needed.folder):
        os.utime(folder, (0, 0))
    uploads.forget_old({needed.upload_id})
    assert [each.upload_id for each in uploads.all()] == [needed.upload_id]
    assert not begun.exists()
