"""The HTTPS front that kubectl talks to.

Role: turn one HTTP request into one transaction that the Move contract decides, wait for the enclave's signed answer,
open it and give it back as the HTTP response. Which key signs the transaction and how the executor is reached stand
behind two ports (`gateway.ports`), so that the gateway inside the enclave and one outside it are the same program.

It does not execute anything, holds no key of the ledger, and decides nothing that the contract decides: it only refuses
early what its own authenticated copy of a token already forbids.
"""
