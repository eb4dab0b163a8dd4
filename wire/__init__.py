"""What parent and enclave, and the processes inside the enclave, say to each other: bytes, frames, calls.

Rules: a length is compared with its cap before anything is allocated, every wait has a deadline, and nothing here
knows what the bytes mean. Trust is made above: by TLS that ends inside, by signatures, by SO_PEERCRED.
"""
