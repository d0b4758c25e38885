"""Reads a workbook as a spreadsheet would: what each cell holds, and of which type.

    workbook.py FILE <anything

Needs openpyxl. Prints the sheets with their rows, when the workbook says it was made, and when its parts were.
"""

import json
import sys
import zipfile
from datetime import timedelta

import openpyxl


def cell(value):
    """A value with its type, so that the text "7" is not the number 7."""
    if isinstance(value, timedelta):
        return ["duration", value.total_seconds()]
    if isinstance(value, bool) or value is None:
        return [type(value).__name__, None]
    if isinstance(value, (int, float)):
        return ["number", value]
    return ["text", str(value)]


def main() -> None:
    file = sys.argv[1]
    workbook = openpyxl.load_workbook(file)
    sheets = {sheet.title: [[cell(value) for value in row] for row in sheet.iter_rows(values_only=True)] for sheet in workbook}
    formulas = [c.coordinate for sheet in workbook for row in sheet.iter_rows() for c in row if c.data_type == "f"]
    with zipfile.ZipFile(file) as parts:
        made = sorted({str(part.date_time) for part in parts.infolist()})
    print(json.dumps({"sheets": sheets, "formulas": formulas, "created": str(workbook.properties.created), "parts": made}))


main()
