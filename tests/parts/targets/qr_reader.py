"""A real decoder of QR codes, as a phone's camera has one."""

from __future__ import annotations

import zxingcpp
from PIL import Image


def decoded(image: Image.Image) -> str:
    """The text of the one QR code in a picture. Other kinds it may seem to hold: a large code is full of stripes."""
    (found,) = zxingcpp.read_barcodes(image, zxingcpp.BarcodeFormat.QRCode)
    return str(found.text)


def from_lines(lines: list[str]) -> Image.Image:
    """A code drawn with half blocks, as a picture: four pixels for each module."""
    upper, lower = str.maketrans(" ▀▄█", "1010"), str.maketrans(" ▀▄█", "1100")
    rows = [line.translate(half) for line in lines for half in (upper, lower)]
    image = Image.new("1", (len(rows[0]), len(rows)))
    image.putdata([int(pixel) for row in rows for pixel in row])
    return image.resize((image.width * 4, image.height * 4))
