import re

from batch_credits.ledger.runs import Course, History, Slice
from batch_credits.reporter.course import course_picture

FIRST = "2026-10-01T08:00:00.000Z"
LATER = "2026-10-03T09:30:00.000Z"


def history(*courses: Course, width: int = 5_000) -> History:
    return History(slice_milliseconds=width, courses=list(courses))


def test_nothing_recorded_is_no_picture() -> None:
    assert course_picture(History(), 10, "credited") is None


def test_the_area_ends_at_what_was_credited() -> None:
    course = Course(1, FIRST, 4, [Slice(0, 3, 2, 0, 0, 0), Slice(3, 1, 1, 1, 0, 0)])
    picture = course_picture(history(course), 10, "credited")
    assert picture is not None
    area, sent = picture.plots
    assert (area.most, sent.most, picture.width) == (10, 3, 4)
    assert area.path == "M0 100L0 100L1 80L3 80L4 70L4 70L4 100Z"
    assert [(bar.x, bar.y, bar.height) for bar in sent.bars] == [(0.1, 0, 100), (3.1, 66.67, 33.33)]
    assert (picture.breaks, picture.began, picture.ended) == ([], "2026-10-01 08:00:00 UTC", "0:20 later")
    assert picture.description.startswith("Chart of 1 run, from 2026-10-01 08:00:00 UTC: 4 requests sent, none told")
    assert picture.sentence == "4 requests sent, none told to wait, 3 rows proven credited, within 20 s."


def test_runs_stand_side_by_side_whatever_lies_between_them() -> None:
    picture = course_picture(
        history(
            Course(1, FIRST, 2, [Slice(0, 5, 1, 0, 0, 4), Slice(1, 1, 1, 0, 0, 0)]),
            Course(7, LATER, 1, [Slice(0, 4, 3, 0, 1, 0)]),
        ),
        5,
        "deducted",
    )
    assert picture is not None
    area, _sent, waited = picture.plots
    assert (picture.width, picture.breaks) == (4, [2.5])
    assert area.path.endswith("L4 0L4 0L4 100Z")
    assert [bar.x for bar in waited.bars] == [0.1]
    assert [run.title for run in picture.runs] == ["Run of 2026-10-01 08:00:00 UTC", "Run of 2026-10-03 09:30:00 UTC"]
    assert [tuple(line) for line in picture.runs[1].lines] == [("0:00", 4, 3, 1, 0)]
    assert "2 runs side by side" in picture.description
    assert picture.ended == "0:15 of running later"
    assert "5 rows proven deducted" in picture.description


def test_every_number_of_a_picture_is_within_its_frame() -> None:
    """More was credited than the file has rows, as its row count may have been harmed: no picture runs over."""
    slices = [Slice(n, n % 7, n % 5, n % 3, n % 2, n % 4) for n in range(48)]
    picture = course_picture(history(Course(1, FIRST, 48, slices)), 3, "credited")
    assert picture is not None
    for plot in picture.plots:
        for bar in plot.bars:
            assert bar.x >= 0 and bar.x + bar.width <= picture.width
            assert bar.y >= 0 and round(bar.y + bar.height, 2) == 100
        heights = [float(y) for y in re.findall(r"[ML][\d.]+ ([\d.]+)", plot.path)]
        assert all(0 <= y <= 100 for y in heights)
