"""What runs on the host: it launches an enclave, carries bytes, and holds nothing but the operator's key.

Rules: the relays never look into what they carry; the one key here pays gas for registration and top-ups and holds
the OperatorCap. AdminCap and user keys are other accounts and never come here.
"""
