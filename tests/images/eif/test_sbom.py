"""The bill of materials: everything locked stands in it once, and nothing in it changes by itself."""

import json
from dataclasses import replace

from images.debian import lock
from images.eif import sbom
from images.rootfs import wheels

PARTS = sbom.Parts(
    version="1.2.3",
    pcr0="ab" * 48,
    packages=tuple(lock.read_lock()),
    wheels=tuple(wheels.read_lock()),
    kubernetes_sha256="cd" * 32,
    go_modules=(("example.org/module", "v1.0.0"),),
    built_at=0,
)


def test_every_locked_input_stands_in_the_bill_with_its_hash():
    told = json.loads(sbom.bill(PARTS))
    hashes = {entry["content"] for part in told["components"] for entry in part.get("hashes", ())}
    assert {package.sha256 for package in PARTS.packages} | {wheel.sha256 for wheel in PARTS.wheels} <= hashes
    assert PARTS.kubernetes_sha256 in hashes


def test_what_only_builds_is_told_apart_from_what_is_in_the_image():
    scopes = {part["name"]: part["scope"] for part in json.loads(sbom.bill(PARTS))["components"]}
    assert scopes["gcc-12"] == "excluded"
    assert scopes["linux-source-6.12"] == scopes["libc6"] == scopes["cryptography"] == "required"


def test_references_are_unique_and_the_bytes_a_function_of_the_inputs():
    told = json.loads(sbom.bill(PARTS))
    references = [part["bom-ref"] for part in told["components"]]
    assert len(references) == len(set(references))
    assert sbom.bill(PARTS) == sbom.bill(PARTS)
    assert sbom.bill(PARTS) != sbom.bill(replace(PARTS, pcr0="00" * 48))
    assert told["metadata"]["timestamp"] == "1970-01-01T00:00:00Z"


def test_go_modules_are_read_with_their_replacements():
    text = """
module x
require (
	k8s.io/api v0.34.4
	k8s.io/client-go v0.0.0 // indirect
)
require example.org/single v1.2.0
replace (
	k8s.io/client-go => k8s.io/client-go v0.34.4
)
"""
    assert sbom.go_modules(text) == (
        ("example.org/single", "v1.2.0"),
        ("k8s.io/api", "v0.34.4"),
        ("k8s.io/client-go", "v0.34.4"),
    )
    assert len(sbom.go_modules(sbom.GO_MODULES.read_text())) > 50
