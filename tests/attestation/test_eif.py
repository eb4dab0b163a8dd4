"""Enclave images: every byte of the format, what two readers could see differently, and what is measured."""

import datetime as dt
import hashlib
import struct
import zlib

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given
from hypothesis import strategies as st

from attestation import cbor, eif
from attestation.eif_pcrs import extended, measure_image
from attestation.eif_signature import read_signature, sign_image, verify_image
from attestation.errors import ImageRefused

NOW = dt.datetime(2026, 5, 1, tzinfo=dt.UTC)
IMAGE = eif.Image(
    kernel=b"kernel", cmdline=b"console=ttyS0", ramdisks=(b"init", b"root"), metadata=b'{"ImageName": "x"}'
)
EMPTY_PCR2 = "21b9efbc184807662e966d34f390821309eeac6802309798826296bf3e8bec7c10edb30948c90ba67310f7b964fc500a"


def signer(curve=None, *, days=30, name="signer"):
    """A key and its own certificate, PEM."""
    key = ec.generate_private_key(curve or ec.SECP384R1())
    named = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    builder = x509.CertificateBuilder().subject_name(named).issuer_name(named).public_key(key.public_key())
    builder = builder.serial_number(7).not_valid_before(NOW - dt.timedelta(days=1))
    certificate = builder.not_valid_after(NOW + dt.timedelta(days=days)).sign(key, hashes.SHA384())
    return key, certificate.public_bytes(Encoding.PEM)


def with_crc(data):
    """The same bytes with a checksum that holds."""
    data = bytearray(data)
    data[544:548] = struct.pack(">I", zlib.crc32(bytes(data[548:]), zlib.crc32(bytes(data[:544]))))
    return bytes(data)


def changed(at, value, *, data=None):
    """An image's file with other bytes at one place and a checksum that holds."""
    data = bytearray(data or eif.encode(IMAGE))
    data[at : at + len(value)] = value
    return with_crc(data)


def test_the_file_is_laid_out_as_the_format_says():
    data = eif.encode(IMAGE)
    assert data[:4] == b".eif"
    assert struct.unpack(">HHQQHH", data[4:28]) == (4, 0, 1 << 30, 2, 0, 5)
    assert struct.unpack(">5Q", data[28:68])[0] == 548
    assert struct.unpack(">HHQ", data[548:560]) == (1, 0, 6)
    assert data[560:566] == b"kernel"
    kinds, at = [], 548
    while at < len(data):
        kind, _, size = struct.unpack(">HHQ", data[at : at + 12])
        kinds.append(kind)
        at += 12 + size
    assert kinds == [1, 2, 5, 3, 3]
    assert struct.unpack(">I", data[544:548])[0] == zlib.crc32(data[548:], zlib.crc32(data[:544]))


parts = st.binary(min_size=1, max_size=40)


@given(parts, parts, st.lists(parts, min_size=1, max_size=5), st.binary(max_size=20), st.integers(0, 2**64 - 1))
def test_every_image_survives_its_bytes(kernel, cmdline, ramdisks, metadata, mem):
    image = eif.Image(kernel, cmdline, tuple(ramdisks), metadata, default_mem=mem)
    assert eif.decode(eif.encode(image)) == image


@given(st.data())
def test_any_other_byte_is_noticed(data):
    whole = eif.encode(IMAGE)
    at = data.draw(st.integers(0, len(whole) - 1))
    other = data.draw(st.integers(1, 255))
    with pytest.raises(ImageRefused):
        eif.decode(whole[:at] + bytes([whole[at] ^ other]) + whole[at + 1 :])


@given(st.binary(max_size=700))
def test_no_bytes_do_more_than_be_refused(data):
    with pytest.raises(ImageRefused):
        eif.decode(b".eif" + data)


@pytest.mark.parametrize(
    ("at", "value", "words"),
    [
        (0, b"elf.", "no enclave image"),
        (4, b"\0\3", "version 3"),
        (6, b"\0\1", "flags"),
        (24, b"\0\1", "reserved"),
        (540, b"\0\0\0\1", "reserved"),
        (26, b"\0\0", "0 sections"),
        (26, b"\0\x21", "33 sections"),
        (26, b"\0\4", "more sections than it counts"),
        (28, struct.pack(">Q", 549), "a gap or an overlap"),
        (36, struct.pack(">Q", 548), "a gap or an overlap"),
        (284, struct.pack(">Q", 7), "by its header"),
        (284, struct.pack(">Q", 1 << 62), "behind the end"),
        (548, b"\0\6", "unknown type 6"),
        (550, b"\0\1", "has flags"),
        (548, b"\0\2", "kernel"),
    ],
    ids=lambda value: str(value)[:24],
)
def test_e1_what_two_readers_could_see_differently_is_refused(at, value, words):
    with pytest.raises(ImageRefused, match=words):
        eif.decode(changed(at, value))


def test_e1_a_wrong_checksum_is_refused():
    data = bytearray(eif.encode(IMAGE))
    data[547] ^= 1
    with pytest.raises(ImageRefused, match="checksum"):
        eif.decode(bytes(data))


def test_e1_bytes_behind_the_last_section_are_refused():
    with pytest.raises(ImageRefused, match="follow the last section"):
        eif.decode(with_crc(eif.encode(IMAGE) + b"\0"))


@pytest.mark.parametrize(
    "image",
    [
        eif.Image(b"k", b"c", ()),
        eif.Image(b"", b"c", (b"r",)),
        eif.Image(b"k", b"", (b"r",)),
        eif.Image(b"k", b"c", (b"r", b"")),
        eif.Image(b"k", b"c", (b"r",) * 31),
    ],
    ids=["no ramdisk", "no kernel", "no command line", "empty ramdisk", "too many"],
)
def test_e1_an_image_that_lacks_something_is_not_written(image):
    with pytest.raises(ImageRefused):
        eif.encode(image)


def test_e3_long_metadata_is_refused_before_it_is_looked_at():
    whole = eif.encode(eif.Image(b"k", b"c", (b"r",), metadata=b"m" * ((1 << 20) + 1)))
    with pytest.raises(ImageRefused, match="metadata"):
        eif.decode(whole)


def test_what_is_measured():
    def register(data):
        return hashlib.sha384(bytes(48) + hashlib.sha384(data).digest()).digest()

    pcrs = measure_image(IMAGE)
    assert pcrs.pcr0 == register(b"kernelconsole=ttyS0initroot")
    assert pcrs.pcr1 == register(b"kernelconsole=ttyS0init")
    assert pcrs.pcr2 == register(b"root")
    assert pcrs.pcr8 is None
    single = measure_image(eif.Image(b"k", b"c", (b"r",)))
    assert single.pcr0 == single.pcr1
    assert single.pcr2.hex() == EMPTY_PCR2 == extended().hex()


def test_e5_bytes_that_move_between_parts_keep_pcr0_and_change_pcr2():
    moved = eif.Image(b"kernel", b"console=ttyS0", (b"initr", b"oot"))
    assert measure_image(moved).pcr0 == measure_image(IMAGE).pcr0
    assert measure_image(moved).pcr1 != measure_image(IMAGE).pcr1
    assert measure_image(moved).pcr2 != measure_image(IMAGE).pcr2


def test_header_metadata_and_signature_are_not_measured():
    key, pem = signer()
    other = eif.Image(IMAGE.kernel, IMAGE.cmdline, IMAGE.ramdisks, b"{}", default_mem=1, default_cpus=9)
    assert measure_image(other) == measure_image(IMAGE) == measure_image(sign_image(IMAGE, key, pem))


def test_a_signed_image_is_verified_and_says_by_whom():
    key, pem = signer()
    signed = eif.decode(eif.encode(sign_image(IMAGE, key, pem)))
    der = x509.load_pem_x509_certificate(pem).public_bytes(Encoding.DER)
    assert verify_image(signed, at=NOW).pcr8 == extended(der)
    assert read_signature(signed).pcr0 == measure_image(IMAGE).pcr0
    entry = cbor.decode(signed.signature, limits=cbor.Limits(cbor_items=1 << 15))
    assert [type(each) for each in entry[0]["signature"][:3]] == [int] * 3
    assert read_signature(IMAGE) is None


def test_e2_a_signature_over_another_image_is_refused():
    key, pem = signer()
    signed = sign_image(IMAGE, key, pem)
    other = eif.Image(b"other", signed.cmdline, signed.ramdisks, signed.metadata, signed.signature)
    with pytest.raises(ImageRefused, match="another image"):
        verify_image(other, at=NOW)


def test_e2_an_expired_certificate_is_refused():
    key, pem = signer(days=3)
    signed = sign_image(IMAGE, key, pem)
    with pytest.raises(ImageRefused, match="not valid at this time"):
        verify_image(signed, at=NOW + dt.timedelta(days=4))
    with pytest.raises(ImageRefused, match="not valid at this time"):
        verify_image(signed, at=NOW - dt.timedelta(days=4))


def test_e2_a_certificate_of_another_key_is_refused():
    key, _ = signer()
    _, stranger = signer(name="stranger")
    with pytest.raises(ImageRefused, match="not that of a P-384 key"):
        sign_image(IMAGE, key, stranger)
    mine, pem = signer()
    signed = sign_image(IMAGE, mine, pem)
    entry = cbor.decode(signed.signature, limits=cbor.Limits(cbor_items=1 << 15))
    entry[0]["signing_certificate"] = list(stranger)
    forged = eif.Image(signed.kernel, signed.cmdline, signed.ramdisks, signed.metadata, cbor.encode(entry))
    with pytest.raises(ImageRefused, match="did not make it"):
        verify_image(forged, at=NOW)


def test_e2_two_certificates_are_refused():
    key, pem = signer()
    with pytest.raises(ImageRefused, match="2 certificates"):
        sign_image(IMAGE, key, pem + pem)


def test_another_curve_does_not_sign():
    key, pem = signer(ec.SECP256R1())
    with pytest.raises(ImageRefused, match="P-384"):
        sign_image(IMAGE, key, pem)


@pytest.mark.parametrize(
    "section",
    [
        b"\xff",
        cbor.encode([]),
        cbor.encode([{}, {}]),
        cbor.encode([{"signing_certificate": b"bytes", "signature": [1]}]),
        cbor.encode([{"signing_certificate": [256], "signature": [1]}]),
        cbor.encode([{"signing_certificate": [1], "signature": [1]}]),
    ],
    ids=["no cbor", "none", "two", "byte string", "too large", "no COSE"],
)
def test_other_forms_of_a_signature_are_refused(section):
    image = eif.Image(IMAGE.kernel, IMAGE.cmdline, IMAGE.ramdisks, b"", section)
    with pytest.raises(ImageRefused, match="signature"):
        verify_image(image, at=NOW)
