"""The `k3s-daas` command.

Role: what people and scripts call; each group of commands is one file, and does its work through `chain`, `parent` and
`attestation`.

Rules: exit codes 0 done, 1 refused or failed (why and what next, on stderr), 2 wrong usage; `--json` for programs, a
table for people; what costs or cannot be undone asks, `--yes` answers; `--dry-run` simulates and shows the gas. Admin
and user keys live in the keystore of `$K3S_DAAS_HOME` only.
"""
