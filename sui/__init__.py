"""Sui itself, without I/O: BCS, transactions, effects, objects, checkpoints, digests, keys and signatures.

Rules:
    * nothing here opens a socket or a file, reads the clock or draws randomness;
    * decoding is strict: what a node would not have written is refused, and length prefixes are checked
      against the bytes at hand before anything is allocated;
    * values are immutable dataclasses, one BCS codec each, written in capitals beside them.

What it does not do: run Move, talk to a node (messages of `sui.rpc.v2` are in `sui.rpc`), or know any contract.
"""
