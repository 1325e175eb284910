"""Square codes that a camera or a wand reads, as rows of dark and light dots."""

from __future__ import annotations


def dots_of(text: str) -> list[list[bool]]:
    """Without the quiet margin, which is the painter's to leave: four dots on each side."""
    from qrcode.constants import ERROR_CORRECT_M
    from qrcode.main import QRCode

    code = QRCode(error_correction=ERROR_CORRECT_M, border=0)
    code.add_data(text)
    code.make(fit=True)
    return [[bool(dot) for dot in line] for line in code.get_matrix()]
