"""The `k3s-daas` command: what people and scripts call. It may import every room but enclave and localnet."""
