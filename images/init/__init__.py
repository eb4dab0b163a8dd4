"""PID 1 of the enclave: a static C program without parameters."""
