"""`sui.rpc.v2`: what a Sui full node serves over gRPC. Everything but the .proto files is generated."""
