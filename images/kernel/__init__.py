"""The enclave's kernel: Debian's 6.12, our fragment, our patches, the locked compiler."""
