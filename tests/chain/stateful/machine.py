"""The whole machine: every entry point of the contract, by honest and hostile people."""

import hypothesis.strategies as st
from hypothesis.stateful import rule

from .answer_rules import AnswerRules
from .enclave_rules import EnclaveRules
from .request_rules import RequestRules
from .token_rules import TokenRules
from .upgrade_rules import UpgradeRules


class ContractMachine(RequestRules, AnswerRules, TokenRules, EnclaveRules, UpgradeRules):
    """Two clusters on one ledger; `stage` is set by whoever runs it."""

    # What the contract is for happens more often than what changes it.

    @rule(data=st.data())
    def submit_again(self, data: st.DataObject) -> None:
        self.submit(data)

    @rule(data=st.data())
    def submit_with_receipt_again(self, data: st.DataObject) -> None:
        self.submit_with_receipt(data)

    @rule(data=st.data())
    def answer_again(self, data: st.DataObject) -> None:
        self.answer(data)

    @rule(data=st.data())
    def answer_once_more(self, data: st.DataObject) -> None:
        self.answer(data)
