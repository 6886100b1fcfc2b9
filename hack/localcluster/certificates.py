"""Makes the keys, certificates and kubeconfigs of a control plane, with openssl."""

import base64
import json
from collections.abc import Iterable, Mapping
from pathlib import Path

from machine.command import output

DAYS = "3650"
NEW_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
ADMIN = "/O=system:masters/CN=admin"


def make_authority(pki: Path) -> None:
    """The certificate authority, and the key that signs service-account tokens."""
    pki.mkdir(parents=True, exist_ok=True)
    key, certificate = pki / "ca.key", pki / "ca.crt"
    name = ("-subj", "/CN=pharos-local", "-days", DAYS)
    output("openssl", "req", "-x509", *NEW_KEY, "-keyout", key, "-out", certificate, *name)
    signing = pki / "service-account.key"
    output("openssl", "ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", signing)


def issue(pki: Path, name: str, subject: str, alternative_names: Iterable[str] = ()) -> None:
    """Write `name.key` and `name.crt`; an alternative name is like `DNS:localhost`."""
    signed = ("-CA", pki / "ca.crt", "-CAkey", pki / "ca.key", "-subj", subject, "-days", DAYS)
    extensions = ["-addext", "basicConstraints=critical,CA:FALSE"]
    names = ",".join(alternative_names)
    if names:
        extensions += ["-addext", f"subjectAltName={names}"]
    files = ("-keyout", pki / f"{name}.key", "-out", pki / f"{name}.crt")
    output("openssl", "req", "-x509", *NEW_KEY, *files, *signed, *extensions)


def issue_all(pki: Path, subjects: Mapping[str, str]) -> None:
    """One client certificate for each name."""
    for name, subject in subjects.items():
        issue(pki, name, subject)


def write_kubeconfig(pki: Path, name: str, server: str, path: Path) -> None:
    """A kubeconfig that holds the certificates themselves, readable by its owner alone."""
    cluster = {"server": server, "certificate-authority-data": _encoded(pki / "ca.crt")}
    user = {
        "client-certificate-data": _encoded(pki / f"{name}.crt"),
        "client-key-data": _encoded(pki / f"{name}.key"),
    }
    context = "pharos-local"
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": context,
        "clusters": [{"name": context, "cluster": cluster}],
        "users": [{"name": name, "user": user}],
        "contexts": [{"name": context, "context": {"cluster": context, "user": name}}],
    }
    path.touch(mode=0o600)
    path.write_text(json.dumps(document, indent=1))


def _encoded(path: Path) -> str:
    return base64.b64encode(path.read_bytes()).decode()
