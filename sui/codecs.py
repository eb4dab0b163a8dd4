"""BCS codecs of the plain values in `sui.types`."""

from sui import bcs
from sui.errors import BcsError
from sui.types import (
    Address,
    AddressOwner,
    ConsensusAddressOwner,
    Digest,
    ImmutableOwner,
    ObjectOwner,
    ObjectRef,
    Owner,
    SharedOwner,
)

ADDRESS = bcs.ADDRESS


class _Digest(bcs.Codec[Digest]):
    """A digest is written as a vector of bytes: its length stands before it."""

    name = "Digest"
    min_size = 33

    def write(self, out: bytearray, value: Digest) -> None:
        if len(value) != 32:
            raise BcsError(f"a digest has 32 bytes, not {len(value)}")
        out.append(32)
        out += value

    def read(self, reader: bcs.Reader) -> Digest:
        length = reader.byte()
        if length != 32:
            raise BcsError(f"a digest before byte {reader.position} claims {length} bytes, it has 32")
        return Digest(reader.take(32))


DIGEST: bcs.Codec[Digest] = _Digest()
OBJECT_REF: bcs.Codec[ObjectRef] = bcs.struct(ObjectRef, object_id=ADDRESS, version=bcs.U64, digest=DIGEST)
OWNER: bcs.Codec[Owner] = bcs.enum(
    "Owner",
    bcs.struct(AddressOwner, address=ADDRESS),
    bcs.struct(ObjectOwner, object_id=ADDRESS),
    bcs.struct(SharedOwner, initial_shared_version=bcs.U64),
    bcs.struct(ImmutableOwner),
    bcs.struct(ConsensusAddressOwner, start_version=bcs.U64, owner=ADDRESS),
)

__all__ = ["ADDRESS", "DIGEST", "OBJECT_REF", "OWNER", "Address"]
