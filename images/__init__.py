"""What an enclave boots from: kernel, init, root file system and the image that holds them, built without Docker.

Rules: every input is pinned by version and SHA-256 in a lock file; the same inputs give the same bytes, whoever builds,
where and when; nothing of the machine but its compiler for host programs, make, Go and apt's mirror is used.

It boots nothing (`parent/`), and it measures and writes images by `attestation.eif`.
"""
