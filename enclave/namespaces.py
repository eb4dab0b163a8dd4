"""Closes the simulated enclave off: namespaces and a root file system of its own.

Runs on the host's side, in the process that becomes the enclave's PID 1. Afterwards there is no network but `lo` and a
veth pair whose both ends are inside (a global unicast address and a default route that lead nowhere), no process of
the host, and no file of the host but read-only ones: system folders, Python's, our packages (as copies), the
Kubernetes binary. Everything that can be written is a tmpfs with a size limit and ends with the enclave. The two ways
out are the vsock folder and the simulated NSM's socket.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from enclave import kernel
from enclave.errors import NamespacesNotAllowed
from enclave.places import Uid, separate_uids

PACKAGES = ("attestation", "chain", "enclave", "gateway", "sui", "wire")
"""The packages that the enclave runs, and that are measured."""

GUEST_VSOCK = "/run/vsock"
GUEST_NSM = "/dev/nsm/nsm.sock"
GUEST_KUBERNETES = "/opt/k3s-daas/k3s"

_SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32")
_SETTINGS = (
    "alternatives", "ca-certificates", "ld.so.cache", "ld.so.conf", "ld.so.conf.d", "localtime", "mime.types",
    "nsswitch.conf", "pki/ca-trust", "pki/tls/certs", "protocols", "services", "ssl/certs", "ssl/openssl.cnf",
)  # fmt: skip
_DEVICES = ("null", "zero", "full", "random", "urandom")
_TMPFS = (("/run", "64m", 0o755), ("/tmp", "256m", 0o1777), ("/var", "1g", 0o755), ("/dev/shm", "64m", 0o1777))  # noqa: S108
_ADDRESS, _GATEWAY = "10.77.0.1/24", "10.77.0.2"
_ACCOUNTS = (
    "root:x:0:0::/:/bin/false\nbroker:x:2001:2001::/:/bin/false\nsigner:x:2002:2002::/:/bin/false\n"
    "egress:x:2003:2003::/:/bin/false\nexecutor:x:2004:2004::/:/bin/false\ngateway:x:2005:2005::/:/bin/false\n"
    "front:x:2006:2006::/:/bin/false\nkubernetes:x:2007:2007::/:/bin/false\nnobody:x:65534:65534::/:/bin/false\n"
)
_HOSTS = "127.0.0.1 localhost\n::1 localhost\n10.77.0.1 enclave\n"
_HOW_TO_ALLOW = (
    "run as root, or allow user namespaces (sysctl kernel.unprivileged_userns_clone=1, "
    "kernel.apparmor_restrict_unprivileged_userns=0); a container needs --privileged"
)


@dataclass(frozen=True)
class Outside:
    """What of the host the enclave is given: paths only.

    Attributes:
        vsock: The host's vsock socket; its folder is bound, so that host ports can be reached, and holds nothing else.
        nsm: The simulated device's socket.
        kubernetes: The Kubernetes binary; may be missing in tests.
        code: The folder that holds our packages.
        scratch: An empty folder of the host on which the new root is mounted.
    """

    vsock: Path
    nsm: Path
    kubernetes: Path | None
    code: Path
    scratch: Path


def leave_host(*, one_uid: bool = False) -> bool:
    """Enter new namespaces; the next forked child is PID 1. Returns whether several uids can be used inside.

    Args:
        one_uid: do as without root, in a user namespace.

    Raises:
        NamespacesNotAllowed: neither as this user nor in a user namespace.
    """
    flags = kernel.CLONE_NEWNS | kernel.CLONE_NEWNET | kernel.CLONE_NEWPID | kernel.CLONE_NEWIPC | kernel.CLONE_NEWUTS
    ids = kernel.IdMap(os.geteuid(), os.getegid())
    if ids.uid == 0 and not one_uid:
        with contextlib.suppress(OSError):
            kernel.unshare(flags)
            return True
    try:
        kernel.unshare(flags | kernel.CLONE_NEWUSER)
        ids.write()
    except OSError as error:
        raise NamespacesNotAllowed(
            f"the enclave cannot be closed off on this machine ({error}); {_HOW_TO_ALLOW}"
        ) from None
    return False


def close_off(outside: Outside) -> None:
    """Build the private root, enter it, and set up the network; runs as PID 1 of the new namespaces.

    Raises:
        NamespacesNotAllowed: a mount or a link is not allowed here.
    """
    try:
        _network()
        _root(outside)
    except OSError as error:
        raise NamespacesNotAllowed(
            f"the enclave cannot be closed off on this machine ({error}); {_HOW_TO_ALLOW}"
        ) from None
    except subprocess.CalledProcessError as error:
        reason = error.stderr.decode(errors="replace").strip()
        raise NamespacesNotAllowed(f"the enclave's network cannot be set up ({reason}); {_HOW_TO_ALLOW}") from None


def _network() -> None:
    for words in (
        "link set lo up",
        "link add k3s0 type veth peer name k3s1",
        f"addr add {_ADDRESS} dev k3s0",
        "link set k3s0 up",
        "link set k3s1 up",
        f"route add default via {_GATEWAY} dev k3s0",
    ):
        program = shutil.which("ip", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
        if program is None:
            raise NamespacesNotAllowed("the program ip is missing; install iproute2")
        subprocess.run([program, *words.split()], check=True, capture_output=True, timeout=10)


def _root(outside: Outside) -> None:
    kernel.mount("", "/", flags=kernel.MS_REC | kernel.MS_PRIVATE)
    root = outside.scratch
    _tmpfs(root, "16m", 0o755)
    _made(root, "/dev")
    for place, size, mode in _TMPFS:
        _tmpfs(_made(root, place), size, mode)
    _made(root, "/var/lib")
    for place in _SYSTEM:
        _system(root, Path(place))
    _settings(root)
    for name in _DEVICES:
        _bind(Path("/dev") / name, root)
    (root / "dev" / "fd").symlink_to("/proc/self/fd")
    bound = _python(root)
    _code(root, outside.code, bound)
    _bind(outside.vsock.parent, root, target=f"{GUEST_VSOCK}/host")
    _made(root, f"{GUEST_VSOCK}/guest").chmod(0o1777)
    _bind(outside.nsm, root, target=GUEST_NSM)
    device = root / Path(GUEST_NSM).parent.relative_to("/")
    device.chmod(0o700)
    if separate_uids():
        os.chown(device, Uid.BROKER, Uid.BROKER)
    if outside.kubernetes is not None:
        _bind(outside.kubernetes.resolve(), root, target=GUEST_KUBERNETES)
    _enter(root)


def _enter(root: Path) -> None:
    old = root / "old"
    old.mkdir()
    (root / "proc").mkdir()
    kernel.mount("proc", str(root / "proc"), "proc", kernel.MS_NOSUID | kernel.MS_NODEV | kernel.MS_NOEXEC, "hidepid=2")
    kernel.pivot_root(str(root), str(old))
    os.chdir("/")
    kernel.unmount("/old")
    Path("/old").rmdir()
    kernel.mount(
        "", "/", flags=kernel.MS_REMOUNT | kernel.MS_BIND | kernel.MS_RDONLY | kernel.MS_NOSUID | kernel.MS_NODEV
    )


def _tmpfs(place: Path, size: str, mode: int) -> None:
    flags = kernel.MS_NOSUID | kernel.MS_NODEV
    kernel.mount("tmpfs", str(place), "tmpfs", flags, f"size={size},mode={mode:o}")


def _system(root: Path, place: Path) -> None:
    if place.is_symlink():
        (root / place.relative_to("/")).symlink_to(place.readlink())
    elif place.is_dir():
        _bind(place, root)


def _settings(root: Path) -> None:
    settings = _made(root, "/etc")
    for name in _SETTINGS:
        if (Path("/etc") / name).exists():
            _bind((Path("/etc") / name).resolve(), root, target=f"/etc/{name}")
    for name, text in (("passwd", _ACCOUNTS), ("hosts", _HOSTS), ("resolv.conf", ""), ("hostname", "enclave\n")):
        (settings / name).write_text(text)
        (settings / name).chmod(0o644)


def _python(root: Path) -> list[Path]:
    """Bind the interpreter and its environment at their own paths, so that its shebangs and settings hold."""
    bound: list[Path] = []
    folders = {Path(sys.base_prefix), Path(sys.prefix), Path(sys.base_exec_prefix), Path(sys.executable).parent.parent}
    folders |= {Path(sys.executable).resolve().parent.parent}
    for folder in sorted(folders, key=lambda path: len(path.parts)):
        if any(folder.is_relative_to(place) for place in (*bound, *map(Path, _SYSTEM))):
            continue
        _bind(folder, root)
        bound.append(folder)
    return bound


def _code(root: Path, code: Path, bound: list[Path]) -> None:
    """Copy our packages to their own paths: what runs is what was there at boot, readable by every uid."""
    if any(code.is_relative_to(place) for place in (*bound, *map(Path, _SYSTEM))):
        return
    for package in PACKAGES:
        for source in sorted((code / package).rglob("*")):
            inside = source.relative_to(code)
            if "__pycache__" in inside.parts or inside.parts[:2] == ("attestation", "sim") or not source.is_file():
                continue
            target = _made(root, str((code / inside).parent)) / source.name
            target.write_bytes(source.read_bytes())
            target.chmod(0o644)


def _bind(source: Path, root: Path, *, target: str = "") -> None:
    place = target or str(source)
    if source.is_dir():
        inside = _made(root, place)
    else:
        inside = _made(root, str(Path(place).parent)) / Path(place).name
        inside.touch()
    kernel.mount(str(source), str(inside), flags=kernel.MS_BIND | kernel.MS_REC)
    # Flags that the host's mount has locked must be kept; a user namespace is refused without them. Sockets and
    # devices answer on a read-only mount as on any other.
    flags = kernel.MS_REMOUNT | kernel.MS_BIND | kernel.MS_RDONLY | kernel.MS_NOSUID | _locked_flags(inside)
    kernel.mount("", str(inside), flags=flags)


def _locked_flags(place: Path) -> int:
    have = os.statvfs(place).f_flag
    pairs = ((os.ST_NODEV, kernel.MS_NODEV), (os.ST_NOEXEC, kernel.MS_NOEXEC), (os.ST_NOATIME, 1024),
             (os.ST_NODIRATIME, 2048), (os.ST_RELATIME, 1 << 21))  # fmt: skip
    return sum(mount_flag for flag, mount_flag in pairs if have & flag)


def _made(root: Path, place: str) -> Path:
    """Make a folder of the new root, with all above it open for passing through."""
    inside = root
    for part in Path(place).relative_to("/").parts:
        inside /= part
        if not inside.is_dir():
            inside.mkdir()
            inside.chmod(0o755)
    return inside
