"""QR symbols of level L in alphanumeric mode (ISO/IEC 18004): geometry, and reading one back.

The verifier reads the code out of the page's own drawing, where it is exact, so no error correction
is needed: whatever is not a perfect symbol is refused. The server draws from the same geometry, and
a test holds it against an independent library.
"""

from __future__ import annotations

import functools

LETTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"
# Level L of each version: error-correcting codewords a block, and blocks.
CORRECTION = (
    7, 10, 15, 20, 26, 18, 20, 24, 30, 18, 20, 24, 26, 30, 22, 24, 28, 30, 28, 28,
    28, 28, 30, 30, 26, 28, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30,
)  # fmt: skip
BLOCKS = (
    1, 1, 1, 1, 1, 2, 2, 2, 2, 4, 4, 4, 4, 4, 6, 6, 6, 6, 7, 8,
    8, 9, 9, 10, 12, 12, 12, 13, 14, 15, 16, 17, 18, 19, 19, 20, 21, 22, 24, 25,
)  # fmt: skip
ALPHANUMERIC = 0b0010
PADS = (0xEC, 0x11)

Matrix = list[list[bool]]


class SymbolUnreadable(ValueError):
    """Not a perfect symbol of the kind we print."""


def side(version: int) -> int:
    return version * 4 + 17


def count_bits(version: int) -> int:
    """The width of the letter count in alphanumeric mode."""
    return 9 if version < 10 else 11 if version < 27 else 13


def _alignments(version: int) -> list[int]:
    if version == 1:
        return []
    count = version // 7 + 2
    step = (version * 8 + count * 3 + 5) // (count * 4 - 4) * 2
    return [6, *sorted(side(version) - 7 - index * step for index in range(count - 1))]


def _mask(pattern: int, row: int, column: int) -> bool:
    product = row * column
    return (
        (row + column) % 2 == 0,
        row % 2 == 0,
        column % 3 == 0,
        (row + column) % 3 == 0,
        (row // 2 + column // 3) % 2 == 0,
        product % 2 + product % 3 == 0,
        (product % 2 + product % 3) % 2 == 0,
        ((row + column) % 2 + product % 3) % 2 == 0,
    )[pattern]


def _remainder(value: int, polynomial: int, bits: int) -> int:
    rest = value
    for _ in range(bits):
        rest = rest << 1 ^ (rest >> (bits - 1)) * polynomial
    return value << bits | rest


@functools.lru_cache(maxsize=64)
def frame(version: int, mask: int) -> tuple[tuple[tuple[bool | None, ...], ...], tuple[tuple[int, int], ...]]:
    """The fixed modules (None where data goes) with the format bits of level L and this mask, and
    the places (row, column) of the data bits in order."""
    size = side(version)
    grid: list[list[bool | None]] = [[None] * size for _ in range(size)]
    for place in range(size):
        grid[6][place] = grid[place][6] = place % 2 == 0
    for top, left in ((0, 0), (0, size - 7), (size - 7, 0)):
        for row in range(-1, 8):
            for column in range(-1, 8):
                if 0 <= top + row < size and 0 <= left + column < size:
                    distance = max(abs(row - 3), abs(column - 3))
                    grid[top + row][left + column] = distance not in (2, 4)
    centres = _alignments(version)
    corners = {(6, 6), (6, size - 7), (size - 7, 6)}
    for row in centres:
        for column in centres:
            if (row, column) not in corners:
                for down in range(-2, 3):
                    for along in range(-2, 3):
                        grid[row + down][column + along] = max(abs(down), abs(along)) != 1
    bits = _remainder(1 << 3 | mask, 0x537, 10) ^ 0x5412  # 01 is level L
    for index in range(15):
        dark = bool(bits >> index & 1)
        row = index if index < 6 else index + 1 if index < 8 else size - 15 + index
        grid[row][8] = dark
        column = size - 1 - index if index < 8 else 15 - index if index < 9 else 14 - index
        grid[8][column] = dark
    grid[size - 8][8] = True
    if version >= 7:
        bits = _remainder(version, 0x1F25, 12)
        for index in range(18):
            far, near = size - 11 + index % 3, index // 3
            grid[far][near] = grid[near][far] = bool(bits >> index & 1)
    path: list[tuple[int, int]] = []
    upward = True
    column = size - 1
    while column > 0:
        if column == 6:
            column -= 1
        for step in range(size):
            row = size - 1 - step if upward else step
            path += [(row, right) for right in (column, column - 1) if grid[row][right] is None]
        upward = not upward
        column -= 2
    return tuple(tuple(line) for line in grid), tuple(path)


@functools.lru_cache(maxsize=64)
def flips(version: int, mask: int) -> tuple[bool, ...]:
    """Whether the mask turns each place of the data path."""
    return tuple(_mask(mask, row, column) for row, column in frame(version, mask)[1])


def block_lengths(version: int) -> list[int]:
    """Data codewords of each block, in order."""
    total, blocks, correction = len(frame(version, 0)[1]) // 8, BLOCKS[version - 1], CORRECTION[version - 1]
    short = total // blocks - correction
    longer = total % blocks
    return [short] * (blocks - longer) + [short + 1] * longer


def read_symbol(matrix: Matrix) -> str:
    """The text of a perfect symbol. Raises `SymbolUnreadable`."""
    size = len(matrix)
    version, odd = divmod(size - 17, 4)
    if odd or not 1 <= version <= 40 or any(len(row) != size for row in matrix):
        raise SymbolUnreadable(f"a symbol is not {size} modules wide")
    for mask in range(8):
        grid, path = frame(version, mask)
        if all(
            expected is None or expected == actual
            for expected_row, row in zip(grid, matrix, strict=True)
            for expected, actual in zip(expected_row, row, strict=True)
        ):
            break
    else:
        raise SymbolUnreadable("the symbol's fixed modules are not as they must be")
    turned = flips(version, mask)
    bits = [matrix[row][column] ^ turn for (row, column), turn in zip(path, turned, strict=True)]
    words = [_number(bits[start : start + 8]) for start in range(0, len(bits) // 8 * 8, 8)]
    lengths = block_lengths(version)
    blocks: list[list[int]] = [[] for _ in lengths]
    place = 0
    for index in range(max(lengths)):
        for block, length in zip(blocks, lengths, strict=True):
            if index < length:
                block.append(words[place])
                place += 1
    data = [bool(word >> shift & 1) for block in blocks for word in block for shift in range(7, -1, -1)]
    return _read_letters(data, version)


def _number(bits: list[bool]) -> int:
    value = 0
    for bit in bits:
        value = value << 1 | bit
    return value


def _read_letters(data: list[bool], version: int) -> str:
    if _number(data[:4]) != ALPHANUMERIC:
        raise SymbolUnreadable("the symbol is not in alphanumeric mode")
    place = 4 + count_bits(version)
    count = _number(data[4:place])
    letters = []
    for _ in range(count // 2):
        pair = _number(data[place : place + 11])
        if pair >= 45 * 45:
            raise SymbolUnreadable("the symbol holds an impossible pair")
        letters += [LETTERS[pair // 45], LETTERS[pair % 45]]
        place += 11
    if count % 2:
        last = _number(data[place : place + 6])
        if last >= 45:
            raise SymbolUnreadable("the symbol holds an impossible letter")
        letters.append(LETTERS[last])
    if place > len(data) or len(letters) != count:
        raise SymbolUnreadable("the symbol is not complete")
    return "".join(letters)
