"""The file that an Envoy starts with."""

import subprocess
import sys
from pathlib import Path

import yaml

from pharos_operator.gateway.bootstrap import Setup, bootstrap, render_yaml

ROOT = Path(__file__).parents[4]


def test_the_charts_copy_is_what_the_command_prints() -> None:
    command = [sys.executable, "-m", "pharos_operator.gateway.bootstrap"]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert printed == render_yaml(Setup())
    committed = (ROOT / "helm" / "pharos" / "files" / "envoy.yaml").read_text()
    assert committed == printed, f"run: {' '.join(command[1:])} > helm/pharos/files/envoy.yaml"


def test_the_admin_interface_stays_on_the_loopback() -> None:
    address = bootstrap(Setup())["admin"]["address"]["socket_address"]
    assert address == {"address": "127.0.0.1", "port_value": 9901}


def test_a_lost_control_plane_is_tried_again_within_a_second() -> None:
    service = bootstrap(Setup())["dynamic_resources"]["ads_config"]["grpc_services"][0]
    backoff = service["envoy_grpc"]["retry_policy"]["retry_back_off"]
    assert backoff == {"base_interval": "0.2s", "max_interval": "1s"}


def test_histograms_are_as_fresh_as_counters() -> None:
    assert bootstrap(Setup())["stats_flush_interval"] == "1s"


def test_the_text_is_the_tree() -> None:
    assert yaml.safe_load(render_yaml(Setup(max_heap_mib=64))) == bootstrap(Setup(max_heap_mib=64))
