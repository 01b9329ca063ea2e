"""The files of the endpoint: uploaded as a form, downloaded as they are; batches read from and write to them."""

from __future__ import annotations

import io
import time
from dataclasses import dataclass
from typing import Any

import python_multipart


class BadUploadError(ValueError):
    """A form that holds no file, or is no form."""


@dataclass(frozen=True, slots=True)
class UploadedFile:
    """A file and what OpenAI's API says of it."""

    id: str
    filename: str
    purpose: str
    content: bytes
    created_at: int

    def described(self) -> dict[str, Any]:
        """Without its content."""
        return {
            "id": self.id,
            "object": "file",
            "bytes": len(self.content),
            "created_at": self.created_at,
            "filename": self.filename,
            "purpose": self.purpose,
            "status": "processed",
        }


class FileShelf:
    """All files, in the order in which they came."""

    def __init__(self) -> None:
        self._files: dict[str, UploadedFile] = {}
        self._made = 0

    def add(self, filename: str, purpose: str, content: bytes) -> UploadedFile:
        """Keeps a file under a new id."""
        self._made += 1
        made = UploadedFile(f"file-{self._made:024d}", filename, purpose, content, int(time.time()))
        self._files[made.id] = made
        return made

    def upload(self, content_type: str, body: bytes) -> UploadedFile:
        """Keeps the file of a multipart form with `file` and `purpose`. Raises BadUploadError."""
        fields: dict[str, bytes] = {}
        files: dict[str, tuple[str, bytes]] = {}

        def on_field(field: Any) -> None:
            fields[field.field_name.decode()] = field.value or b""

        def on_file(file: Any) -> None:
            file.file_object.seek(0)
            files[file.field_name.decode()] = ((file.file_name or b"file").decode(), file.file_object.read())

        try:
            headers = {"Content-Type": content_type.encode(), "Content-Length": str(len(body)).encode()}
            python_multipart.parse_form(headers, io.BytesIO(body), on_field, on_file)
        except (python_multipart.exceptions.FormParserError, ValueError) as error:
            raise BadUploadError(f"The body is no form: {error}") from error
        if "file" not in files or "purpose" not in fields:
            raise BadUploadError("The form needs 'file' and 'purpose'.")
        filename, content = files["file"]
        return self.add(filename, fields["purpose"].decode(), content)

    def get(self, file_id: str) -> UploadedFile | None:
        """The file of this id, where there is one."""
        return self._files.get(file_id)

    def remove(self, file_id: str) -> bool:
        """Whether it was there."""
        return self._files.pop(file_id, None) is not None

    def all(self) -> list[UploadedFile]:
        """Newest first."""
        return list(reversed(self._files.values()))
