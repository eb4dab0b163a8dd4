"""The simulated Nitro hypervisor: a throw-away P-384 PKI and an NSM that answers as the real one does.

It runs on the host, in a process of its own; the enclave reaches the device over a socket and never holds its keys.
Verifiers accept the simulation's root only where a profile names it. Never part of a release image.
"""
