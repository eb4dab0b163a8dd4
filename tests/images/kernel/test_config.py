"""The kernel's fragment: strict to read, and held against what kconfig made of it."""

import re

import pytest

from images.errors import ContentRefused
from images.kernel import build
from images.kernel.config import as_input, check, read_finished, read_fragment

FRAGMENT = build.FRAGMENT.read_text()
K3S_NECESSARY = [
    "NAMESPACES", "NET_NS", "PID_NS", "IPC_NS", "UTS_NS", "CGROUPS", "CGROUP_PIDS", "CGROUP_CPUACCT",
    "CGROUP_DEVICE", "CGROUP_FREEZER", "CGROUP_SCHED", "CPUSETS", "MEMCG", "SECCOMP", "KEYS", "VETH", "BRIDGE",
    "BRIDGE_NETFILTER", "IP_NF_FILTER", "IP_NF_TARGET_MASQUERADE", "IP_NF_TARGET_REJECT",
    "NETFILTER_XT_MATCH_ADDRTYPE", "NETFILTER_XT_MATCH_CONNTRACK", "NETFILTER_XT_MATCH_IPVS",
    "NETFILTER_XT_MATCH_COMMENT", "NETFILTER_XT_MATCH_MULTIPORT", "NETFILTER_XT_MATCH_STATISTIC", "IP_NF_NAT",
    "NF_NAT", "POSIX_MQUEUE",
]  # fmt: skip
"""What k3s's check-config calls generally necessary."""


def test_the_fragment_has_all_that_k3s_calls_necessary():
    wanted = read_fragment(FRAGMENT)
    assert [name for name in K3S_NECESSARY if not wanted.get(name)] == []


def test_no_modules_no_other_way_into_the_kernel_and_the_nsm_is_there():
    wanted = read_fragment(FRAGMENT)
    assert wanted["NSM"]
    assert wanted["VIRTIO_VSOCKETS"]
    assert not any(wanted[name] for name in ("MODULES", "KEXEC", "DEVMEM", "IO_URING", "USER_NS", "COREDUMP"))


def test_every_group_of_the_fragment_says_what_it_is_for():
    groups = FRAGMENT.strip().split("\n\n")
    assert all(group.startswith("# ") for group in groups)


@pytest.mark.parametrize("line", ["CONFIG_A=m", "CONFIG_A", "# CONFIG_A is not set\nCONFIG_B=2", "A=y", "CONFIG_A=y "])
def test_a_line_that_is_neither_on_nor_off_is_refused(line):
    with pytest.raises(ContentRefused, match="neither"):
        read_fragment(line)


def test_an_option_twice_is_refused():
    with pytest.raises(ContentRefused, match="second time"):
        read_fragment("CONFIG_A=y\nCONFIG_A=n\n")


def test_kconfig_is_told_what_the_fragment_says():
    assert as_input({"A": True, "B": False}) == "CONFIG_A=y\n# CONFIG_B is not set\n"


@pytest.mark.parametrize(
    ("finished", "known", "told"),
    [
        ("CONFIG_A=y\n", {"B"}, "this kernel has no: A"),
        ("# CONFIG_A is not set\n", {"A", "B"}, "dropped for an unmet dependency: A"),
        ("", {"A", "B"}, "dropped for an unmet dependency: A"),
        ("CONFIG_A=y\nCONFIG_B=y\n", {"A", "B"}, "not wanted, but something selects it: B"),
        ("CONFIG_A=y\nCONFIG_C=m\n", {"A", "B", "C"}, "would be a module: C"),
    ],
)
def test_whatever_differs_from_the_fragment_fails_the_build_by_name(finished, known, told):
    with pytest.raises(ContentRefused, match=told):
        check({"A": True, "B": False}, read_finished(finished), known)


def test_a_configuration_as_wanted_passes():
    check({"A": True, "B": False}, read_finished("# head\nCONFIG_A=y\nCONFIG_N=7\n"), {"A", "B"})


def test_patches_are_ours_to_read_and_say_what_they_do():
    patches = sorted(build.PATCHES.glob("*.patch"))
    assert patches
    for patch in patches:
        head = patch.read_text().partition("--- a/")[0]
        assert len(re.findall(r"\S+", head)) > 20
