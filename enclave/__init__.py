"""What runs inside the enclave: boot, custody of the keys, the way out, and the executor.

Started as processes only, never imported from outside. Every process has its own uid where the machine allows it;
they call one another over UNIX sockets and know each other by uid. Places and uids stand in `enclave.places`.
"""
