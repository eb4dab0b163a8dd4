"""Host processes: started, restarted by rule, stopped; their failures are told with their last words."""

import asyncio
import os
import signal
import sys

import pytest

from parent.children import Child, descendants
from parent.errors import LaunchError

SLEEP = "import sys, time; print('up', flush=True); time.sleep(60)"


def child(tmp_path, code, *, restarts=False):
    return Child("worker", lambda: [sys.executable, "-c", code], tmp_path / "worker.log", restarts=restarts)


async def test_ready_line_pid_and_stop(tmp_path):
    worker = child(tmp_path, SLEEP)
    await worker.start()
    assert await worker.first_line(20) == b"up\n"
    pid = worker.pid
    os.kill(pid, 0)
    await worker.stop()
    assert worker.pid is None
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


async def test_a_killed_child_comes_back_where_its_rule_says_so(tmp_path):
    worker = child(tmp_path, SLEEP, restarts=True)
    await worker.start()
    await worker.first_line(20)
    first = worker.pid
    os.kill(first, signal.SIGKILL)
    assert await worker.first_line(20) == b"up\n"
    assert worker.pid != first
    await worker.stop()


async def test_without_the_rule_it_stays_down_and_its_code_is_known(tmp_path):
    worker = child(tmp_path, "raise SystemExit(7)")
    await worker.start()
    assert await worker.wait() == 7


async def test_a_child_that_ends_early_is_told_with_its_last_words(tmp_path):
    worker = child(tmp_path, "raise SystemExit('no such thing')")
    await worker.start()
    with pytest.raises(LaunchError, match="no such thing"):
        await worker.first_line(20)


async def test_a_silent_child_is_told_after_its_time(tmp_path):
    worker = child(tmp_path, "import time; time.sleep(60)")
    await worker.start()
    with pytest.raises(LaunchError, match="not ready after"):
        await worker.first_line(0.3)
    await worker.stop()


async def test_a_program_that_is_not_there(tmp_path):
    worker = Child("worker", lambda: [str(tmp_path / "nothing")], tmp_path / "worker.log", restarts=False)
    await worker.start()
    with pytest.raises(LaunchError, match="nothing"):
        await worker.first_line(5)


async def test_one_that_ignores_the_request_to_end_is_made_to(tmp_path):
    code = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(60)"
    worker = child(tmp_path, code)
    await worker.start()
    await worker.first_line(20)
    pid = worker.pid
    await worker.stop(0.2)
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


async def test_descendants_are_named(tmp_path):
    code = "import subprocess, sys; print('up', flush=True); subprocess.run([sys.executable, '-m', 'http.server', '0'])"
    worker = child(tmp_path, code)
    await worker.start()
    await worker.first_line(20)
    for _ in range(100):
        if "http.server" in descendants(os.getpid()):
            break
        await asyncio.sleep(0.05)
    assert "http.server" in descendants(os.getpid())
    found = descendants(os.getpid())["http.server"]
    await worker.stop()
    os.kill(found, signal.SIGKILL)
