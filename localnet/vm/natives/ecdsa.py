"""`sui::ecdsa_k1` and `sui::ecdsa_r1`."""

from __future__ import annotations
