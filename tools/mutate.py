"""`make mutate`: make each assertion of the contract always true, one at a time; a Move test must fail for every one.

Each mutant is compiled and tested by the real compiler and its unit-test VM, in `--jobs` processes that load them once.
First only the tests run that expect to fail with the assertion's own constant; a mutant that they let live gets all.
A mutant is killed only by a test that failed: one that does not compile is an error of this tool.

    python tools/mutate.py                              # 0: all killed; 1: some survived; 2: it could not be decided
    python tools/mutate.py --sample 15 --seed WORD      # the same seed chooses the same assertions
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import random
import re
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
CONTRACT = ROOT / "move" / "k3s_daas"
TESTER = ROOT / "move" / "toolchain" / "test_each.mjs"
ANSWER_SECONDS = 300.0
LINE_BYTES = 16 * 2**20

_UNREAD = re.compile(r'//[^\n]*|/\*.*?\*/|b?"(?:\\.|[^"\\])*"|x"[0-9a-fA-F]*"', re.DOTALL)
_ASSERT = re.compile(r"\bassert!\s*\(")
_CODE = re.compile(r"\s*(?:\w+::)*(\w+)\s*")


class MutationError(Exception):
    """What kept this tool from deciding about a mutant."""


class BrokenPackageError(MutationError):
    """A package whose tests did not run to their end, most often because it does not compile."""


@dataclass(frozen=True)
class Mutant:
    """One assertion: where it stands, and the text around the condition that is made always true."""

    path: str
    line: int
    text: str
    code: str
    start: int
    end: int

    def apply(self, files: dict[str, str]) -> dict[str, str]:
        """Return the files with this assertion always true; its condition is still computed."""
        source = files[self.path]
        changed = f"{source[: self.start]}({source[self.start : self.end].strip()}) || true{source[self.end :]}"
        return {**files, self.path: changed}

    def __str__(self) -> str:
        """Where it is, and its text on one line."""
        return f"{self.path}:{self.line}  {self.text}"


def read_package(folder: Path) -> dict[str, str]:
    """Read a Move package: its manifest and its sources by their paths."""
    if not (folder / "Move.toml").is_file():
        raise MutationError(f"{folder} holds no Move.toml: give the folder of a Move package with --package")
    found = [folder / "Move.toml", *sorted(folder.glob("sources/**/*.move")), *sorted(folder.glob("tests/**/*.move"))]
    return {path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8") for path in found}


def mutants(files: dict[str, str]) -> list[Mutant]:
    """Find every assertion of the sources, in the order of files and lines."""
    found = []
    for path, source in files.items():
        if path.startswith("sources/"):
            # Comments and literals are blanked: neither their parentheses nor their words count.
            blank = _UNREAD.sub(lambda match: re.sub(r"[^\n]", " ", match[0]), source)
            found += [_mutant(path, source, blank, match) for match in _ASSERT.finditer(blank)]
    return found


def _mutant(path: str, source: str, blank: str, match: re.Match[str]) -> Mutant:
    line = source.count("\n", 0, match.start()) + 1
    depth, commas, at = 1, [], match.end()
    while depth and at < len(blank):
        depth += (blank[at] in "([{") - (blank[at] in ")]}")
        if depth == 1 and blank[at] == ",":
            commas.append(at)
        at += 1
    if depth:
        raise MutationError(f"{path}:{line}: the parentheses of this assertion do not close")
    close = at - 1
    if commas and not blank[commas[-1] + 1 : close].strip():
        close = commas.pop()  # a trailing comma
    # The last argument is a constant; what is no name belongs to the condition, `assert!(f<A, B>(x))`.
    code = _CODE.fullmatch(blank[commas[-1] + 1 : close]) if commas else None
    end = commas[-1] if code else close
    text = re.sub(r"\s+", " ", source[match.start() : at])
    return Mutant(path, line, text, code[1] if code else "", match.end(), end)


class Tester:
    """A process that tests one package after another."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        """Use a started process; see `start`."""
        self._process = process

    @classmethod
    async def start(cls) -> Tester:
        """Start the process; it loads the compiler with the first package."""
        pipe = asyncio.subprocess.PIPE
        return cls(await asyncio.create_subprocess_exec("node", TESTER, stdin=pipe, stdout=pipe, limit=LINE_BYTES))

    async def failed(self, files: dict[str, str], expecting: str = "") -> tuple[int, list[str]]:
        """Run a package's tests; return how many passed, and the names of those that failed.

        Args:
            files: the package.
            expecting: run only the tests that expect to fail with this constant; empty: all.
        """
        sink, source = self._process.stdin, self._process.stdout
        if sink is None or source is None:
            raise MutationError("the tester has no pipes")
        sink.write(json.dumps({"files": files, "expecting": expecting}).encode() + b"\n")
        try:
            line = await asyncio.wait_for(source.readline(), ANSWER_SECONDS)
        except TimeoutError:
            raise MutationError(f"the tests did not end within {ANSWER_SECONDS:.0f} s") from None
        if not line:
            raise MutationError("the tester ended without an answer: see its words above (node test_each.mjs)")
        answer: dict[str, Any] = json.loads(line)
        if "error" in answer:
            raise BrokenPackageError(answer["error"])
        return answer["passed"], answer["failed"]

    async def stop(self) -> None:
        """End the process."""
        if self._process.returncode is None:
            self._process.kill()
        await self._process.wait()


async def survives(tester: Tester, files: dict[str, str], mutant: Mutant) -> bool:
    """Tell whether all tests pass with this mutant."""
    changed = mutant.apply(files)
    if mutant.code:
        # Where a test calls another that is left out, nothing compiles; all of them together decide then.
        with contextlib.suppress(BrokenPackageError):
            if (await tester.failed(changed, mutant.code))[1]:
                return False
    return not (await tester.failed(changed))[1]


async def check_sound(files: dict[str, str]) -> None:
    """Raise unless the unchanged package has tests, and all of them pass: else no failure would mean anything."""
    tester = await Tester.start()
    try:
        passed, failed = await tester.failed(files)
    finally:
        await tester.stop()
    if failed or not passed:
        which = f": {', '.join(failed)}" if failed else ""
        raise MutationError(
            f"{passed} tests of the unchanged package pass and {len(failed)} fail{which}; mend them first"
        )


@dataclass
class Outcome:
    """What became of the mutants."""

    total: int
    survived: list[Mutant]
    undecided: list[tuple[Mutant, str]]


async def run(files: dict[str, str], chosen: list[Mutant], jobs: int) -> Outcome:
    """Try every chosen mutant, and print those that survive as they are found."""
    await check_sound(files)
    outcome = Outcome(len(chosen), [], [])
    waiting = iter(chosen)

    async def work() -> None:
        tester = await Tester.start()
        try:
            for mutant in waiting:
                try:
                    if await survives(tester, files, mutant):
                        outcome.survived.append(mutant)
                        print(f"survived: {mutant}", flush=True)
                except MutationError as error:
                    outcome.undecided.append((mutant, str(error)))
                    print(f"undecided: {mutant}\n{error}", file=sys.stderr, flush=True)
                    await tester.stop()
                    tester = await Tester.start()
        finally:
            await tester.stop()

    async with asyncio.TaskGroup() as group:
        for _ in range(max(1, min(jobs, len(chosen)))):
            group.create_task(work())
    return outcome


def choose(found: list[Mutant], *, only: str, sample: int, seed: str) -> list[Mutant]:
    """Choose the mutants of a module (empty: of all), and a seeded sample of them (0: all)."""
    if only:
        found = [each for each in found if Path(each.path).stem == only]
    if not found:
        raise MutationError(f"there is no assertion{f' in a module {only}' if only else ''}")
    if sample and sample < len(found):
        chosen = set(random.Random(seed).sample(range(len(found)), sample))  # noqa: S311 - a choice, no secret
        found = [each for at, each in enumerate(found) if at in chosen]
    return found


def main() -> int:
    """Read the options, try the mutants, and say how many were killed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--package", type=Path, default=CONTRACT, help="the Move package (default: the contract)")
    parser.add_argument("--only", default="", metavar="MODULE", help="only the assertions of this module")
    parser.add_argument("--sample", type=int, default=0, metavar="N", help="only N of them, chosen by --seed")
    parser.add_argument("--seed", default="0", help="any word: which N (default: 0)")
    parser.add_argument("--jobs", type=int, default=2, help="processes (default: 2)")
    options = parser.parse_args()
    began = time.monotonic()
    try:
        files = read_package(options.package)
        chosen = choose(mutants(files), only=options.only, sample=options.sample, seed=options.seed)
        outcome = asyncio.run(run(files, chosen, options.jobs))
    except (MutationError, FileNotFoundError) as error:
        print(f"mutate: {error}", file=sys.stderr)
        return 2
    lost = len(outcome.survived) + len(outcome.undecided)
    seed = f", sample of seed {options.seed}" if options.sample else ""
    print(f"killed {outcome.total - lost}/{outcome.total} ({time.monotonic() - began:.0f} s{seed})")
    return 2 if outcome.undecided else int(bool(outcome.survived))


if __name__ == "__main__":
    sys.exit(main())
