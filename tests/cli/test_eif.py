"""`k3s-daas eif`: images as nitro-cli describes them."""

import json

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from attestation import eif
from attestation.eif_pcrs import measure_image
from cli.root import run
from tests.attestation.test_eif import IMAGE, signer


@pytest.fixture
def image(tmp_path):
    path = tmp_path / "image.eif"
    path.write_bytes(eif.encode(IMAGE))
    return path


def told(capsys, *arguments, code=0):
    assert run(["eif", *map(str, arguments), "--json"]) == code
    printed = capsys.readouterr()
    return json.loads(printed.out) if code == 0 else printed.err


def test_pcrs_have_nitro_clis_names(image, capsys):
    measured = told(capsys, "pcrs", image)["Measurements"]
    assert measured == {"HashAlgorithm": "Sha384 { ... }"} | measure_image(IMAGE).as_nitro()


def test_describe_tells_what_is_in_the_file(image, capsys):
    described = told(capsys, "describe", image)
    assert (described["EifVersion"], described["IsSigned"], described["CheckCRC"]) == (4, False, True)
    assert described["ImageName"] == "x"
    assert [section["type"] for section in described["Sections"]] == [
        "kernel",
        "cmdline",
        "metadata",
        "ramdisk",
        "ramdisk",
    ]


def test_a_signed_image_verifies_and_says_pcr8(image, tmp_path, capsys):
    key, pem = signer(days=36_500)
    (tmp_path / "key.pem").write_bytes(
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
    )
    (tmp_path / "crt.pem").write_bytes(pem)
    out = tmp_path / "signed.eif"
    made = told(
        capsys, "sign", image, "--key", tmp_path / "key.pem", "--certificate", tmp_path / "crt.pem", "--out", out
    )
    verified = told(capsys, "verify", out)
    assert verified["ok"]
    assert verified["IsSigned"]
    assert verified["Measurements"] == made["Measurements"]
    assert len(made["Measurements"]["PCR8"]) == 96
    assert told(capsys, "describe", out)["SigningCertificate"]["SubjectName"] == "CN=signer"
    assert image.read_bytes() == eif.encode(IMAGE)


def test_a_damaged_image_is_refused_with_the_rule(image, capsys):
    data = bytearray(image.read_bytes())
    data[-1] ^= 1
    image.write_bytes(bytes(data))
    for command in ("describe", "verify", "pcrs"):
        assert "refused (crc)" in told(capsys, command, image, code=1)


def test_a_key_that_is_none_is_told(image, tmp_path, capsys):
    (tmp_path / "key.pem").write_text("nothing")
    error = told(capsys, "sign", image, "--key", tmp_path / "key.pem", "--certificate", tmp_path / "key.pem", code=1)
    assert "no private key" in error
