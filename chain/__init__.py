"""Our contract as a client sees it.

Role: everything between the words of the contract and the bytes of Sui: the ledger port, authenticated events,
grants, sealing, rules, the cluster file and the verification of an answer.

Rules: nothing here opens a socket but `chain.grpc_ledger`; time and randomness are parameters everywhere else.

It does not decide (the contract does), does not execute (the enclave does), and knows no HTTP.
"""
