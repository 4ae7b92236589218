"""A mask: which pixels of an image belong to a region, as a PNG image."""

import base64
import binascii
import struct
import zlib
from typing import Any, ClassVar, Self

from pydantic import ValidationInfo, model_validator

from ._base import READING, WireModel

SIGNATURE = b"\x89PNG\r\n\x1a\n"
START = base64.b64encode(SIGNATURE[:6]).decode()
"""What the base64 of every PNG begins with: 6 bytes are 8 letters."""


class Image(WireModel):
    """An image in a request or an answer.

    Attributes:
        base64: Its bytes in standard base64.
        url: Where the server keeps it; it may give this instead of the bytes.
    """

    from_server: ClassVar[frozenset[str]] = frozenset({"hosted", "hosted_image_info", "image_info"})
    holds_content: ClassVar[bool] = True

    base64: str | None = None
    url: str | None = None


class Mask(WireModel):
    """The pixels of a region (docs: "Add annotations", mask).

    Attributes:
        image: A PNG image. How the server reads its colours and sizes is not documented.
    """

    holds_content: ClassVar[bool] = True

    image: Image

    @model_validator(mode="after")
    def _is_a_png(self, info: ValidationInfo) -> Self:
        text = self.image.base64
        if info.context is READING or text is None:
            return self
        try:
            binascii.a2b_base64(text, strict_mode=True)
        except (binascii.Error, ValueError):
            raise ValueError(
                "image.base64 is not standard base64; Mask.from_png takes the bytes of a file, not its path"
            ) from None
        if not text.startswith(START):
            raise ValueError("image.base64 holds no PNG, which the API takes for masks")
        return self

    @classmethod
    def from_png(cls, png: bytes | bytearray | memoryview | str) -> Self:
        """Build a mask from the bytes of a PNG file, or from their base64.

        Raises:
            TypeError: If it is neither.
            pydantic.ValidationError: If it is no PNG.
        """
        if isinstance(png, (bytes, bytearray, memoryview)):
            png = base64.b64encode(png).decode()
        if not isinstance(png, str):
            raise TypeError(f"png must be bytes, or their base64 as text, not {type(png).__name__}")
        return cls(image=Image(base64=png))

    @classmethod
    def from_array(cls, array: Any) -> Self:
        """Build a mask from a boolean numpy array: height by width, ``True`` inside.

        Written as an 8-bit grey PNG, 255 inside and 0 outside.

        Args:
            array: Anything with numpy's ``shape``, ``dtype`` and ``tobytes``; numpy itself is not needed.

        Raises:
            TypeError: If it is no array of booleans. Scores become one by ``scores > 0.5``.
            ValueError: If it has not two dimensions, or no pixel.
        """
        shape, dtype = getattr(array, "shape", None), getattr(array, "dtype", None)
        if shape is None or str(dtype) != "bool":
            found = type(array).__name__ if dtype is None else f"one of {dtype}"
            raise TypeError(f"a mask is an array of booleans, not {found}; scores become one by scores > 0.5")
        if len(shape) != 2 or 0 in shape:
            raise ValueError(f"a mask has height and width, not the shape {tuple(shape)}")
        height, width = shape
        return cls.from_png(_grey_png(array.tobytes(), height, width))


def _grey_png(pixels: bytes, height: int, width: int) -> bytes:
    """Return an 8-bit grey PNG of rows of pixels that are 0 or 1."""
    grey = pixels.translate(bytes([0]) + bytes([255]) * 255)
    rows = b"".join(b"\0" + grey[start : start + width] for start in range(0, height * width, width))
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return SIGNATURE + _chunk(b"IHDR", header) + _chunk(b"IDAT", zlib.compress(rows)) + _chunk(b"IEND", b"")


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
