"""Messages and stubs of the `sui.rpc` protocols; generated, see `tools/generate_protos.py`."""
