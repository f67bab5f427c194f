"""What a file is that is no ZIP package of Excel's, by its first bytes."""

from __future__ import annotations

from typing import Final

from xlconv.errors import WorkbookError

_ZIP: Final = b"PK"
_OLE2: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_OPEN_DOCUMENT: Final = b"mimetypeapplication/vnd.oasis.opendocument"
_ENCRYPTED_STREAM: Final = "EncryptedPackage".encode("utf-16-le")
_XLS_STREAMS: Final = ("Workbook".encode("utf-16-le"), "Book".encode("utf-16-le"))
_SAVE: Final = "save it as an Excel Workbook (.xlsx)"


def check(data: bytes) -> None:
    """Refuse what is no ZIP package, or another program's, by its name.

    Raises:
        WorkbookError: It is.
    """
    if data.startswith(_OLE2):
        raise _ole2(data)
    if data[30 : 30 + len(_OPEN_DOCUMENT)] == _OPEN_DOCUMENT:
        raise WorkbookError("an OpenDocument file (.ods), not an .xlsx workbook", _SAVE)
    if not data:
        raise WorkbookError("an empty file, not an .xlsx workbook")
    if not data.startswith(_ZIP):
        kind = "text (such as .csv)" if _is_text(data[:4096]) else "an unknown format"
        raise WorkbookError(f"{kind}, not an .xlsx workbook", _SAVE)


def _ole2(data: bytes) -> WorkbookError:
    if _ENCRYPTED_STREAM in data:
        return WorkbookError("an encrypted workbook, which xlconv does not open", "remove the password")
    if any(stream in data for stream in _XLS_STREAMS):
        return WorkbookError("an old Excel workbook (.xls), not an .xlsx workbook", _SAVE)
    return WorkbookError(
        "an encrypted workbook or an old .xls, which xlconv does not open",
        hint="remove the password, or save it as an Excel Workbook (.xlsx)",
    )


def _is_text(data: bytes) -> bool:
    return not any(byte < 32 and byte not in b"\t\n\r\f" for byte in data)
