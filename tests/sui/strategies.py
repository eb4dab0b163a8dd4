"""Hypothesis strategies of transactions."""

from hypothesis import strategies as st

from sui.transaction import (
    GAS_COIN,
    NO_EXPIRATION,
    EpochExpiration,
    GasData,
    ImmOrOwned,
    Input,
    MakeMoveVec,
    MergeCoins,
    MoveCall,
    NestedResult,
    Object,
    ProgrammableTransaction,
    Publish,
    Pure,
    Receiving,
    Result,
    Shared,
    SplitCoins,
    TransactionData,
    TransferObjects,
    Upgrade,
    ValidDuring,
)
from sui.type_tag import GAS_COIN_TYPE, U64_TAG
from sui.types import Address, Digest, ObjectRef

addresses = st.binary(min_size=32, max_size=32).map(Address)
digests = st.binary(min_size=32, max_size=32).map(Digest)
u64 = st.integers(0, (1 << 64) - 1)
u16 = st.integers(0, (1 << 16) - 1)
refs = st.builds(ObjectRef, addresses, u64, digests)
arguments = st.one_of(
    st.just(GAS_COIN), st.builds(Input, u16), st.builds(Result, u16), st.builds(NestedResult, u16, u16)
)
argument_lists = st.lists(arguments, max_size=4).map(tuple)
blobs = st.lists(st.binary(max_size=50), max_size=3).map(tuple)
address_lists = st.lists(addresses, max_size=3).map(tuple)
tags = st.sampled_from([U64_TAG, GAS_COIN_TYPE])  # the other decoder writes vector tags with a length that Sui has not
commands = st.one_of(
    st.builds(
        MoveCall, addresses, st.just("pay"), st.just("join"), st.lists(tags, max_size=2).map(tuple), argument_lists
    ),
    st.builds(TransferObjects, argument_lists, arguments),
    st.builds(SplitCoins, arguments, argument_lists),
    st.builds(MergeCoins, arguments, argument_lists),
    st.builds(Publish, blobs, address_lists),
    st.builds(MakeMoveVec, st.one_of(st.none(), tags), argument_lists),
    st.builds(Upgrade, blobs, address_lists, addresses, arguments),
)
call_args = st.one_of(
    st.builds(Pure, st.binary(max_size=100)),
    st.builds(Object, st.builds(ImmOrOwned, refs)),
    st.builds(Object, st.builds(Shared, addresses, u64, st.booleans())),
    st.builds(Object, st.builds(Receiving, refs)),
)
transactions = st.builds(
    TransactionData,
    st.builds(
        ProgrammableTransaction, st.lists(call_args, max_size=5).map(tuple), st.lists(commands, max_size=5).map(tuple)
    ),
    addresses,
    st.builds(GasData, st.lists(refs, max_size=3).map(tuple), addresses, u64, u64),
    st.one_of(
        st.just(NO_EXPIRATION),
        st.builds(EpochExpiration, u64),
        st.builds(
            ValidDuring,
            st.none() | u64,
            st.none() | u64,
            st.none() | u64,
            st.none() | u64,
            digests,
            st.integers(0, (1 << 32) - 1),
        ),
    ),
)
