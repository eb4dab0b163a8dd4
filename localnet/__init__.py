"""The embedded Sui ledger: Move VM, ledger, gRPC server. Started only as a process (`python -m localnet`)."""
