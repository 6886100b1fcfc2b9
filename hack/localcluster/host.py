"""What a cluster changes on the host outside its namespaces, and how all of it is put back.

A cable, two routes, one firewall table, control groups and four kernel settings.
"""

import contextlib
import json
import os
from ipaddress import IPv4Network
from pathlib import Path

from localcluster.places import ADDRESSES_VARIABLE, LINK, NODE, Addresses, State
from machine.command import attempt, output
from machine.problem import Problem

CGROUPS = Path("/sys/fs/cgroup")
SETTINGS = (
    "net/ipv4/ip_forward",
    "vm/overcommit_memory",
    "kernel/panic",
    "kernel/panic_on_oops",
)


def need_free(addresses: Addresses) -> None:
    """Refuse to start where the machine already uses one of the networks."""
    for route in json.loads(output("ip", "-j", "-4", "route", "show", "table", "main")):
        if route["dst"] == "default" or route.get("dev") == LINK:
            continue
        taken = IPv4Network(route["dst"], strict=False)
        for net in (addresses.link, addresses.pods, addresses.services):
            if taken.overlaps(net):
                raise Problem(
                    f"the addresses {net} are in use on this machine ({taken} on "
                    f"{route.get('dev', '?')}); give three free networks for link, pods and "
                    f'services, for example {ADDRESSES_VARIABLE}="10.184.0.0/30 10.185.0.0/16 '
                    '10.196.0.0/16"'
                )


def remember_settings(state: State) -> None:
    """Note the kernel settings that the kubelet and forwarding change."""
    values = {name: Path("/proc/sys", name).read_text() for name in SETTINGS}
    (state.run / "settings.json").write_text(json.dumps(values))


def connect(pid: int, addresses: Addresses) -> None:
    """Lay the cable to the process's network namespace.

    Pod and Service addresses are then reachable from the host, and pods reach the world through it.
    """
    peer = ("type", "veth", "peer", "name", "eth0", "netns", pid)
    output("ip", "link", "add", LINK, *peer)
    output("ip", "address", "add", f"{addresses.host}/{addresses.link.prefixlen}", "dev", LINK)
    output("ip", "link", "set", LINK, "up")
    for net in (addresses.pods, addresses.services):
        output("ip", "route", "add", f"{net}", "via", f"{addresses.node}")
    Path("/proc/sys/net/ipv4/ip_forward").write_text("1")
    sources = f"{{ {addresses.link}, {addresses.pods} }}"
    output(
        "nft",
        f"add table ip {NODE}\n"
        f"add chain ip {NODE} out {{ type nat hook postrouting priority srcnat; }}\n"
        f"add rule ip {NODE} out ip saddr {sources} oifname != {LINK} masquerade",
    )


def disconnect() -> None:
    """Take away the cable, its routes with it, and the firewall table."""
    attempt("ip", "link", "delete", LINK)
    attempt("nft", "delete", "table", "ip", NODE)


def restore_settings(state: State) -> None:
    """Put the kernel settings back as they were before the start."""
    with contextlib.suppress(FileNotFoundError):
        for name, value in json.loads((state.run / "settings.json").read_text()).items():
            Path("/proc/sys", name).write_text(value)


def control_groups() -> list[Path]:
    """The group above all pods in each hierarchy: several in version 1, one in version 2."""
    if (CGROUPS / "cgroup.controllers").exists():
        return [CGROUPS / NODE]
    return [path.parent / NODE for path in CGROUPS.glob("*/cgroup.procs")]


def make_control_groups() -> None:
    """Create them, with what a group must have before a process can enter it."""
    for group in control_groups():
        offered = group.parent / "cgroup.controllers"
        if offered.exists():
            wanted = " ".join(f"+{name}" for name in offered.read_text().split())
            (group.parent / "cgroup.subtree_control").write_text(wanted)
        group.mkdir(exist_ok=True)
        if (group.parent / "cpuset.mems").exists() and (group / "cpuset.mems").exists():
            for name in ("cpuset.cpus", "cpuset.mems"):
                (group / name).write_text((group.parent / name).read_text())


def remove_control_groups() -> None:
    """Remove them from the leaves up; their processes are gone by now."""
    for group in control_groups():
        for folder, _, _ in os.walk(group, topdown=False):
            with contextlib.suppress(OSError):
                Path(folder).rmdir()
