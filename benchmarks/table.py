"""The tables that people read, 80 columns wide, out of rows of results: medians over the rounds."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from statistics import median

from benchmarks.cells import CELLS, TINY
from benchmarks.contestants import OURS
from benchmarks.result_row import ResultRow

WIDTH = 80
_ABSENT = "-"


def tables(rows: Sequence[ResultRow]) -> str:
    """All tables for which there are rows."""
    makers: tuple[Callable[[Sequence[ResultRow]], list[str]], ...] = (_load, _rates, _memory, _faults, _kills, _starts)
    return "\n\n".join("\n".join(lines) for lines in (maker(rows) for maker in makers) if lines)


def cpu_an_answer(group: Sequence[ResultRow]) -> float | None:
    """Milliseconds an answer; None where there were too few to be seen beside what the start-up varies by.

    The start-up is the median of all rounds: a single one varies by more than an answer.
    """
    start = _median(row.start_cpu_s for row in group)
    whole = _median(row.cpu_s for row in group if row.exit_code >= 0)
    return _of_an_answer(group, start, whole)


def asking_an_answer(group: Sequence[ResultRow]) -> float | None:
    """As `cpu_an_answer`, until the last reply: without report, workbook and tables."""
    start = _median(row.start_asking_cpu_s for row in group)
    whole = _median(row.asking_cpu_s for row in group if row.exit_code >= 0)
    return _of_an_answer(group, start, whole)


def _of_an_answer(group: Sequence[ResultRow], start: float | None, whole: float | None) -> float | None:
    if start is None or whole is None or whole <= start:
        return None
    return (whole - start) / max(1, group[0].count - TINY) * 1000


def _load(rows: Sequence[ResultRow]) -> list[str]:
    groups = _grouped(rows, "c64")
    if not groups:
        return []
    ours = cpu_an_answer(groups.get(OURS, []))
    lines = []
    for name, group in _by(groups, lambda group: cpu_an_answer(group) or 0.0):
        cpu = cpu_an_answer(group)
        lines.append(
            (
                name,
                group[0].version.split(" ")[0],
                f"{_median(row.stats['total'] / row.count for row in group):.2f}",
                _number(cpu, 2),
                _spread([row.cpu_ms for row in group]),
                _ratio(cpu, ours),
                _number(_median(row.rate for row in group), 0),
                _number(_median(row.peak_mb for row in group), 0),
            )
        )
        if name == OURS and (asking := asking_an_answer(group)) is not None:
            lines.append(("  to the last reply", "", "", _number(asking, 2), "", _ratio(asking, ours), "", ""))
    heads = ("client", "version", "calls", "CPU ms", "from-to", "ours=1", "per s", "MB")
    return [_title("c64", rows), *_columns(heads, lines)]


def _rates(rows: Sequence[ResultRow]) -> list[str]:
    cells = [cell for cell in CELLS if cell.name.startswith("lat300")]
    by_cell = {cell.name: _grouped(rows, cell.name) for cell in cells}
    if not any(by_cell.values()):
        return []
    lines = []
    for name in _names(by_cell.values()):
        line = [name]
        for cell in cells:
            group = by_cell[cell.name].get(name, [])
            ceiling = cell.concurrency / 0.3
            rate = _median(row.rate for row in group)
            line += [
                _number(rate, 0),
                f"{rate / ceiling:.0%}" if rate is not None else _ABSENT,
                _number(cpu_an_answer(group), 2),
            ]
        lines.append(tuple(line))
    heads = ("client", "64 /s", "of max", "ms", "256 /s", "of max", "ms", "1000 /s", "of max", "ms")
    return ["Answers a second at 300 ms, by requests in flight; of the most possible; CPU ms", *_columns(heads, lines)]


def _memory(rows: Sequence[ResultRow]) -> list[str]:
    cells = [cell for cell in CELLS if cell.name.startswith("memory")]
    by_cell = {cell.name: _grouped(rows, cell.name) for cell in cells}
    if not any(by_cell.values()):
        return []
    lines = []
    for name in _names(by_cell.values()):
        peaks = [_median(row.peak_mb for row in by_cell[cell.name].get(name, [])) for cell in cells]
        cpu = [cpu_an_answer(by_cell[cell.name].get(name, [])) for cell in cells]
        lines.append((name, *(_number(peak, 0) for peak in peaks), *(_number(each, 2) for each in cpu)))
    heads = ("client", "500", "20,000", "1,000,000", "ms 500", "ms 20,000", "ms 1,000,000")
    return ["Largest resident memory (MB) and CPU ms an answer, by answers", *_columns(heads, lines)]


def _faults(rows: Sequence[ResultRow]) -> list[str]:
    groups = _grouped(rows, "fault")
    lines = []
    for name, group in groups.items():
        lines.append(
            (
                name,
                _sum(row.count for row in group),
                _sum(row.graded for row in group),
                _sum(row.failed for row in group),
                _sum(row.wrong for row in group),
                _sum(row.missing for row in group),
                _sum(row.stats["answers_paid_more_than_once"] for row in group),
                _sum(row.stats["answers_paid_after_a_good_reply"] for row in group),
                _number(_median(row.wall_s for row in group), 0),
            )
        )
    heads = ("client", "answers", "graded", "said so", "wrong", "missing", "repaid", "needless", "s")
    return [_title("fault", rows), *_columns(heads, lines)] if lines else []


def _kills(rows: Sequence[ResultRow]) -> list[str]:
    lines = []
    for name, group in _grouped(rows, "kill").items():
        lines.append(
            (
                name,
                _sum(row.count for row in group),
                _sum((row.killed_at or {}).get("answers_seen", 0) for row in group),
                _sum(_in_flight(row) for row in group),
                _sum(row.stats["answers_paid_more_than_once"] for row in group),
                _sum(row.graded for row in group),
                _sum(row.count - row.graded for row in group),
            )
        )
    heads = ("client", "answers", "at kill", "in flight", "repaid", "graded", "lost")
    return [_title("kill", rows), *_columns(heads, lines)] if lines else []


def _in_flight(row: ResultRow) -> int:
    """When it was killed; the endpoint may not have noticed that everybody has gone."""
    at = row.killed_at or {}
    return int(at.get("client_gone", 0)) + int(at.get("in_flight", 0))


def _starts(rows: Sequence[ResultRow]) -> list[str]:
    groups = _grouped(rows, "start")
    if not groups:
        return []
    nothing = groups.get("python -c pass", [])
    floor_wall, floor_cpu = _median(row.wall_s for row in nothing), _median(row.cpu_s for row in nothing)
    lines = []
    for name, group in groups.items():
        wall, cpu = _median(row.wall_s for row in group), _median(row.cpu_s for row in group)
        lines.append(
            (
                name,
                _number(wall, 3),
                _ratio(wall, floor_wall),
                _number(cpu, 3),
                _ratio(cpu, floor_cpu),
            )
        )
    return [_title("start", rows), *_columns(("what", "wall s", "ratio", "CPU s", "ratio"), lines)]


def _title(name: str, rows: Sequence[ResultRow]) -> str:
    about = next(cell.about for cell in CELLS if cell.name == name)
    counts = sorted({row.count for row in rows if row.cell == name})
    rounds = 1 + max(row.round for row in rows if row.cell == name)
    said = ", ".join(f"{count:,}" for count in counts)
    return f"{about[0].upper()}{about[1:]}\n{said} answers, {rounds} round{'s' if rounds > 1 else ''}"


def _grouped(rows: Sequence[ResultRow], cell: str) -> dict[str, list[ResultRow]]:
    groups: dict[str, list[ResultRow]] = defaultdict(list)
    for row in rows:
        if row.cell == cell:
            groups[row.contestant].append(row)
    return dict(sorted(groups.items(), key=lambda pair: (pair[0] != OURS, 0)))


def _by(
    groups: dict[str, list[ResultRow]], key: Callable[[list[ResultRow]], float]
) -> list[tuple[str, list[ResultRow]]]:
    return sorted(groups.items(), key=lambda pair: (pair[0] != OURS, key(pair[1])))


def _names(groups: Iterable[dict[str, list[ResultRow]]]) -> list[str]:
    return list(dict.fromkeys(name for group in groups for name in group))


def _median(values: Iterable[float | None]) -> float | None:
    there = [value for value in values if value is not None]
    return median(there) if there else None


def _spread(values: Sequence[float | None]) -> str:
    there = [value for value in values if value is not None]
    return f"{min(there):.2f}-{max(there):.2f}" if len(there) > 1 else _ABSENT


def _number(value: float | None, decimals: int) -> str:
    return _ABSENT if value is None else f"{value:,.{decimals}f}"


def _ratio(value: float | None, of: float | None) -> str:
    if value is None or not of:
        return _ABSENT
    ratio = value / of
    return f"x {ratio:.1f}" if ratio >= 1 else f"x {ratio:.2f}"


def _sum(values: Iterable[int]) -> str:
    return f"{sum(values):,}"


def _columns(heads: Sequence[str], lines: Sequence[Sequence[str]]) -> list[str]:
    """The first column left, the others right, two spaces between."""
    widths = [max(len(line[at]) for line in [heads, *lines]) for at in range(len(heads))]
    gap = 2 if sum(widths) + 2 * len(widths) <= WIDTH else 1

    def written(line: Sequence[str]) -> str:
        rest = [cell.rjust(width) for cell, width in zip(line[1:], widths[1:], strict=True)]
        return (" " * gap).join([line[0].ljust(widths[0]), *rest]).rstrip()

    return [written(heads), "-" * (sum(widths) + gap * (len(widths) - 1)), *(written(line) for line in lines)]
