"""The kinds of workbooks that are read. One library reads the values of all; what it does not tell differs by kind."""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from batch_credits.loader.workbook.marks import SheetMarks
from batch_credits.loader.workbook.ods import check_ods, ods_marks
from batch_credits.loader.workbook.xls import check_xls, xls_marks
from batch_credits.loader.workbook.xlsb import check_xlsb, xlsb_marks
from batch_credits.loader.workbook.xlsx import check_xlsx, xlsx_marks


class ExcelKind(NamedTuple):
    """How to look inside a kind of workbook: refuse it, or find what its cell values do not tell."""

    check: Callable[[Path], None]
    marks: Callable[[Path, str], SheetMarks]


EXCEL_KINDS = {
    ".xlsx": ExcelKind(check_xlsx, xlsx_marks),
    ".xlsm": ExcelKind(check_xlsx, xlsx_marks),  # with macros, which are not looked at
    ".xls": ExcelKind(check_xls, xls_marks),
    ".xlsb": ExcelKind(check_xlsb, xlsb_marks),
    ".ods": ExcelKind(check_ods, ods_marks),
}
