"""One load, and how long each of its requests took: a process of its own, so that it can run in any network namespace.

Reads a plan as JSON from standard input, writes the measurements as JSON to standard output:
plan {server, server_name, ca, headers, certificate, key, concurrency, requests: [[method, target, body], ...]} with PEM
texts (certificate and key may be empty); result {took_s, latencies_ms, statuses, connections}. Nothing is retried.
"""

from __future__ import annotations

import asyncio
import collections
import json
import os
import ssl
import sys
import time
from typing import Any

import aiohttp
from yarl import URL


def tls_context(plan: dict[str, Any]) -> ssl.SSLContext:
    """Trust the plan's CA alone, and show its client certificate if it has one."""
    context = ssl.create_default_context(cadata=plan["ca"])
    if plan["certificate"]:
        descriptor = os.memfd_create("client")
        os.write(descriptor, f"{plan['certificate']}\n{plan['key']}".encode())
        context.load_cert_chain(f"/proc/self/fd/{descriptor}")
        os.close(descriptor)
    return context


async def run(plan: dict[str, Any]) -> dict[str, Any]:
    """Send every request once, so many at a time."""
    tls = tls_context(plan)
    waiting = collections.deque(plan["requests"])
    latencies: list[float] = []
    statuses: collections.Counter[int] = collections.Counter()

    async def worker(session: aiohttp.ClientSession) -> None:
        """Send what is left, one after another."""
        while waiting:
            method, target, body = waiting.popleft()
            began = time.perf_counter()
            async with session.request(
                method,
                URL(plan["server"] + target, encoded=True),
                data=body.encode() if body else None,
                ssl=tls,
                server_hostname=plan["server_name"] or None,
            ) as response:
                await response.read()
            latencies.append((time.perf_counter() - began) * 1000)
            statuses[response.status] += 1

    connector = aiohttp.TCPConnector(limit=plan["concurrency"])
    timeout = aiohttp.ClientTimeout(total=120)
    async with aiohttp.ClientSession(connector=connector, headers=plan["headers"], timeout=timeout) as session:
        began = time.perf_counter()
        await asyncio.gather(*(worker(session) for _ in range(plan["concurrency"])))
        took = time.perf_counter() - began
    return {"took_s": took, "latencies_ms": latencies, "statuses": dict(statuses)}


if __name__ == "__main__":
    json.dump(asyncio.run(run(json.load(sys.stdin))), sys.stdout)
