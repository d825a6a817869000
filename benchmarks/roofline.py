"""What this machine could do, what training asks of it, and which share of the limit it reaches.

Measured by roofline.cpp (compiled here, now): multiply-adds a second, reading in order, and rows
visited at random. Counted from the block structure of the engine on a simulated shop: multiply-adds
and rows a token. The limit is the slower of the two, each at its best and perfectly overlapped.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from support.corpora import Corpus, read_sessions
from support.machine import BENCHMARKS, core_time, facts, load_average
from support.runs import add_output, parser, write_result

EXAMPLES = """examples:
  python benchmarks/roofline.py                              all of it, about 3 minutes
  python benchmarks/roofline.py --kind content
  python benchmarks/roofline.py --quick --events 200000 --items 20000     a smoke run
  LIKEWISE_KERNELS=avx2 python benchmarks/roofline.py        training with other kernels
"""
ROW_BYTES = 416
AHEAD = 12  # rows that are asked for before they are visited
VISITS = 4_000_000  # of the order of rows that is replayed


def arguments() -> argparse.Namespace:
    wanted = parser(__doc__, EXAMPLES)
    wanted.add_argument("--events", type=int, default=5_000_000)
    wanted.add_argument("--items", type=int, default=200_000)
    wanted.add_argument("--mean-length", type=float, default=9.0)
    wanted.add_argument("--kind", choices=("identity", "content"), help="default: both")
    wanted.add_argument("--dim", type=int, default=100)
    wanted.add_argument("--window", type=int, default=5)
    wanted.add_argument("--negatives", type=int, default=5)
    wanted.add_argument("--threads", type=int, default=2)
    wanted.add_argument("--runs", type=int, default=5, help="trainings; the median counts")
    wanted.add_argument("--quick", action="store_true", help="fewer sizes, shorter measurements")
    add_output(wanted)
    return wanted.parse_args()


class Machine:
    """Runs the compiled measurements."""

    def __init__(self, place: Path) -> None:
        compiler = next((c for c in ("c++", "g++", "clang++") if shutil.which(c)), None)
        if compiler is None:
            raise SystemExit("roofline.py needs a C++ compiler: c++, g++ or clang++ on PATH")
        self.place, self.program = place, str(place / "roofline")
        flags = ["-O3", "-march=native", "-ffp-contract=fast", "-std=c++20", "-pthread"]
        source = str(BENCHMARKS / "roofline.cpp")
        subprocess.run([compiler, *flags, source, "-o", self.program], check=True)

    def __call__(self, threads: int, *words: object) -> float:
        command = [self.program, str(threads), *map(str, words)]
        ran = subprocess.run(command, check=True, capture_output=True, text=True)
        return float(ran.stdout)

    def replay(self, threads: int, order: Any, rows: int, row_bytes: int) -> float:
        """Rows a second, each read and written, in the order in which training visits them."""
        path = self.place / "order.bin"
        order.astype(np.int32).tofile(path)
        return self(threads, "file", path, rows, row_bytes, AHEAD, 1)


def measure_machine(machine: Machine, threads: int, quick: bool) -> dict[str, Any]:
    seconds = 0.1 if quick else 0.5
    sizes = (10, 300) if quick else (10, 30, 100, 300, 1000)
    record: dict[str, Any] = {"fma": {}, "packed": {}, "tile": {}, "stream_bytes": {}, "rows": []}
    for count in sorted({1, threads}):
        record["fma"][count] = machine(count, "fma", seconds)
        record["packed"][count] = machine(count, "packed", seconds)
        record["tile"][count] = machine(count, "tile", seconds)
        record["stream_bytes"][count] = machine(count, "stream", 256 if quick else 1024)
        for size in sizes:
            for ahead, write in ((0, 0), (AHEAD, 0), (AHEAD, 1)):
                rows = machine(count, "rows", size, ROW_BYTES, ahead, write)
                record["rows"].append(
                    {
                        "threads": count,
                        "megabytes": size,
                        "prefetch": ahead > 0,
                        "write": bool(write),
                        "rows_per_second": rows,
                        "bytes_per_second": rows * ROW_BYTES * (1 + write),
                    }
                )
    return record


def _halves(sessions: Any, first: int, last: int, window: int) -> Any:
    """Halves of blocks as planner.cpp makes them: items of centers, their reaches, contexts."""
    import likewise._core as _core

    known = _core.engine_constants()
    size, slack = int(known["half_centers"]), int(known["half_slack"])
    items: list[int] = []
    reaches: list[tuple[int, int]] = []
    contexts: list[int] = []
    for number in range(first, last):
        begin, stop = int(sessions.offsets[number]), int(sessions.offsets[number + 1])
        session, at = sessions.items[begin:stop], 0
        while len(session) > 1 and at < len(session):
            room = size - len(items)
            end = len(session) if len(session) - at <= room + slack else at + room
            start = max(0, at - window)
            base = len(contexts) - start
            contexts.extend(session[start : end + window].tolist())
            reaches += [
                (base + max(0, i - window), base + min(len(session), i + window + 1))
                for i in range(at, end)
            ]
            items.extend(session[at:end].tolist())
            at = end
            if len(items) >= size:
                yield items, reaches, contexts
                items, reaches, contexts = [], [], []


def count_work(sessions: Any, features: Any, given: argparse.Namespace) -> dict[str, Any]:
    """Multiply-adds and row visits a token, by planning blocks as planner.cpp does.

    features: as the core is given them, or None. Each distinct row of a block is one visit: it is
    read once and written once.
    """
    import likewise._core as _core

    known = _core.engine_constants()
    tile, drawn = int(known["tile"]), int(known["sampled"])
    stride = _core.row_floats(given.dim)
    n_items = len(sessions.catalogue)
    rng = np.random.default_rng(1)
    noise = np.cumsum(sessions.counts.astype(float) ** 0.75)
    if features is not None:
        starts, tokens_of = features["item_offsets"], features["item_tokens"]
    order: list[Any] = []
    done = {"tokens": 0, "fma": 0, "needed": 0, "visits": 0, "pairs": 0, "content": 0}
    middle = len(sessions) // 2
    for halves in zip(
        _halves(sessions, 0, middle, given.window),
        _halves(sessions, middle, len(sessions), given.window),
        strict=False,
    ):
        centers, contexts = [], []
        for h, (items, reaches, places) in enumerate(halves):
            m, band = len(items), min(int(known["band_tiles"]) * tile, len(halves[1 - h][2]))
            users: dict[int, list[int]] = {}  # of each four contexts: centers that have any of them
            for i in range(0, m, tile):
                part = reaches[i : i + tile]
                low = min(r[0] for r in part)
                span = max(r[1] for r in part) - low
                # Scores go over whole tiles; and a step for the center, and one for each noise.
                done["fma"] += len(part) * (span + -(-span // tile) * tile + 3 * (band + drawn))
            for i, (first, last) in enumerate(reaches):
                for four in range(first // tile, -(-last // tile)):
                    users.setdefault(four, []).append(i)
            done["fma"] += sum(tile * (used[-1] - used[0] + 1) for used in users.values())
            # The running mean: of the centers, its scores, and its steps.
            done["fma"] += m + 2 * (len(places) + drawn)
            pairs = sum(high - low - 1 for low, high in reaches)
            done["pairs"] += pairs
            done["needed"] += 3 * (pairs + (band + drawn) * m)
            done["tokens"] += m
            centers += items
            contexts += [*places, *np.searchsorted(noise, rng.random(drawn) * noise[-1])]
        visited = [np.unique(centers), n_items + np.unique(contexts)]
        if features is not None:
            rows = [tokens_of[starts[i] : starts[i + 1]] for i in centers]
            done["content"] += 2 * sum(len(row) for row in rows)
            visited.append(2 * n_items + np.unique(np.concatenate(rows)))
        order.extend(visited)
        done["visits"] += sum(len(part) for part in visited)
        if done["visits"] >= VISITS:
            break
    tokens = done["tokens"]
    return {
        "order": np.concatenate(order),
        "stride": stride,
        "fma_per_token": (done["fma"] + done["content"]) * stride / tokens,
        "needed_fma_per_token": (done["needed"] + done["content"]) * given.dim / tokens,
        "visits_per_token": done["visits"] / tokens,
        "bytes_per_token": done["visits"] / tokens * stride * 4 * 2,
        "pairs_per_token": done["pairs"] / tokens,
    }


def train_speed(sessions: Any, kind: str, given: argparse.Namespace) -> tuple[list[float], Any]:
    """Tokens a second of several trainings, of the core's loop alone, and what it was given."""
    import likewise as lw

    passed: dict[str, Any] = {}
    with core_time(passed.update) as seconds:
        for run in range(given.runs):
            lw.train(
                sessions,
                dim=given.dim,
                window=given.window,
                negatives=given.negatives,
                noise_exponent=0.75,
                epochs=1,
                threads=given.threads,
                content=kind == "content",
                seed=run + 1,
            )
    return [sessions.n_events / took for took in seconds], passed["features"]


def judge(
    work: dict[str, Any], rates: dict[str, float], speeds: list[float], packed: bool
) -> dict[str, Any]:
    """Set training against the limits, in tokens a second; packed: of products of bfloat16."""
    limits = {
        "float32 arithmetic, operands in registers": rates["fma"] / work["fma_per_token"],
        "float32 arithmetic, tiles from L1": rates["tile"] / work["fma_per_token"],
        "rows in training's own order": rates["rows"] / work["visits_per_token"],
    }
    arithmetic = limits["float32 arithmetic, operands in registers"]
    if packed:
        arithmetic = rates["packed"] / work["fma_per_token"]
        limits["bfloat16 arithmetic, operands in registers"] = arithmetic
    reached = statistics.median(speeds)
    memory = limits["rows in training's own order"]
    limit = min(arithmetic, memory)
    return {
        "limits_tokens_per_second": limits,
        "tokens_per_second": reached,
        "tokens_per_second_range": [min(speeds), max(speeds)],
        "bound_by": "arithmetic" if arithmetic < memory else "memory",
        "share_of_limit": reached / limit,
        "share_without_overlap": reached * (1 / arithmetic + 1 / memory),
        "billion_fma_per_second": reached * work["fma_per_token"] / 1e9,
    }


def to_markdown(result: dict[str, Any]) -> str:
    machine, measured = result["machine"], result["measured"]
    caches = ", ".join(f"{name} {size}" for name, size in machine["caches"].items())
    lines = [
        "# Roofline",
        "",
        f"{machine['cpu']} ({caches}), kernels {machine['kernels']}, commit {machine['commit']}, "
        f"{machine['date']}; load average before: {result['load_before']:g}.",
        "",
        "| threads | G multiply-adds/s (registers) | (bfloat16) | (4 x 4 tiles from L1) | "
        "GB/s in order |",
        "| --- | --- | --- | --- | --- |",
    ]
    for count, value in measured["fma"].items():
        lines.append(
            f"| {count} | {value / 1e9:.1f} | {measured['packed'][count] / 1e9:.1f} | "
            f"{measured['tile'][count] / 1e9:.1f} | "
            f"{measured['stream_bytes'][count] / 1e9:.1f} |"
        )
    lines.append("")
    lines.append(f"| random rows of {ROW_BYTES} bytes | threads | prefetch | M rows/s | GB/s |")
    lines.append("| --- | --- | --- | --- | --- |")
    for row in measured["rows"]:
        lines.append(
            f"| {row['megabytes']} MB, {'read and written' if row['write'] else 'read'} | "
            f"{row['threads']} | {'yes' if row['prefetch'] else 'no'} | "
            f"{row['rows_per_second'] / 1e6:.1f} | {row['bytes_per_second'] / 1e9:.1f} |"
        )
    for kind, case in result["kinds"].items():
        work, found = case["work"], case["found"]
        lines += [
            "",
            f"## {kind}, {result['events']:,} events, {result['items']:,} items, "
            f"{machine['threads']} threads",
            "",
            f"A token: {work['pairs_per_token']:.1f} pairs, {work['fma_per_token']:,.0f} "
            f"multiply-adds ({work['needed_fma_per_token']:,.0f} without padding of rows and "
            f"tiles), {work['visits_per_token']:.2f} rows of {work['stride'] * 4} bytes, "
            f"{work['bytes_per_token']:,.0f} bytes read and written.",
            "",
        ]
        for name, limit in found["limits_tokens_per_second"].items():
            lines.append(f"- limit by {name}: {limit / 1e6:.2f} M tokens/s")
        lines += [
            f"- training: {found['tokens_per_second'] / 1e6:.2f} M tokens/s, "
            f"{found['billion_fma_per_second']:.1f} G multiply-adds/s",
            f"- **{found['share_of_limit']:.0%} of the limit**, bound by {found['bound_by']}; "
            f"{found['share_without_overlap']:.0%} if arithmetic and memory did not overlap",
        ]
    return "\n".join(lines) + "\n"


def main() -> None:
    given = arguments()
    busy = load_average()
    corpus = Corpus("shop", given.events, given.items, given.mean_length)
    kinds: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as place:
        machine = Machine(Path(place))
        measured = measure_machine(machine, given.threads, given.quick)
        print("simulating the shop ...", file=sys.stderr)
        sessions = read_sessions(corpus)
        for kind in [given.kind] if given.kind else ("identity", "content"):
            speeds, features = train_speed(sessions, kind, given)
            work = count_work(sessions, features, given)
            rows = 2 * len(sessions.catalogue)
            rows += 0 if features is None else len(features["token_hashes"])
            rates = {
                **{name: measured[name][given.threads] for name in ("fma", "packed", "tile")},
                "rows": machine.replay(given.threads, work.pop("order"), rows, work["stride"] * 4),
            }
            packed = facts(given.threads)["kernels"].endswith("bf16") and rates["packed"] > 0
            kinds[kind] = {
                "work": work,
                "rates": rates,
                "found": judge(work, rates, speeds, packed),
            }
    result = {
        "machine": facts(given.threads),
        "load_before": busy,
        "events": sessions.n_events,
        "items": len(sessions.catalogue),
        "measured": measured,
        "kinds": kinds,
    }
    write_result(
        given.output, f"roofline-{result['machine']['kernels']}", result, to_markdown(result)
    )


if __name__ == "__main__":
    main()
