"""The enclave's root file system: Debian's files by name, locked wheels, our packages, the Kubernetes binary."""
