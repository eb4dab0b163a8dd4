/// Registrations as they would be submitted, and how tests spoil them.
#[test_only]
module k3s_daas::proofs;

use k3s_daas::enclave::{Self, Attested};
use k3s_daas::given;
use k3s_daas::signed;
use k3s_daas::statement;

/// One registration; `proofs::proof()` is a good one.
public struct Proof has copy, drop {
    time: u64,
    indexes: vector<u8>,
    values: vector<vector<u8>>,
    public_key: Option<vector<u8>>,
    user_data: Option<vector<u8>>,
    nonce: Option<vector<u8>>,
    hpke_key: vector<u8>,
    tls_ca_hash: vector<u8>,
    configuration: vector<u8>,
}

/// A good document of the enclave whose signatures `signed` holds.
public fun proof(): Proof {
    Proof {
        time: given::now(),
        // Not in order, and with a PCR between: positions must not matter.
        indexes: vector[2, 4, 0, 1],
        values: vector[given::pcr(3), given::pcr(9), given::pcr(1), given::pcr(2)],
        public_key: option::some(signed::enclave_key()),
        user_data: option::some(manifest(signed::enclave_address(), signed::enclave_key(), given::hash(0xCF))),
        nonce: option::some(signed::challenge_id().to_bytes()),
        hpke_key: b"hpke",
        tls_ca_hash: given::hash(0xCA),
        configuration: given::hash(0xCF),
    }
}

/// A good document of another enclave, under the key `signed::other_key()`.
public fun other_proof(): Proof {
    let user_data = manifest(signed::other_address(), signed::other_key(), given::hash(0xCF));
    proof().proof_public_key(option::some(signed::other_key())).proof_user_data(option::some(user_data))
}

/// A good document of the first enclave, which runs under another configuration.
public fun proof_under(configuration: vector<u8>): Proof {
    let user_data = manifest(signed::enclave_address(), signed::enclave_key(), configuration);
    proof().proof_configuration(configuration).proof_user_data(option::some(user_data))
}

public fun proof_time(mut self: Proof, time: u64): Proof { self.time = time; self }

public fun proof_pcrs(mut self: Proof, indexes: vector<u8>, values: vector<vector<u8>>): Proof {
    self.indexes = indexes;
    self.values = values;
    self
}

public fun proof_public_key(mut self: Proof, key: Option<vector<u8>>): Proof { self.public_key = key; self }

public fun proof_user_data(mut self: Proof, value: Option<vector<u8>>): Proof { self.user_data = value; self }

public fun proof_nonce(mut self: Proof, value: Option<vector<u8>>): Proof { self.nonce = value; self }

public fun proof_hpke_key(mut self: Proof, key: vector<u8>): Proof { self.hpke_key = key; self }

public fun proof_tls_ca_hash(mut self: Proof, value: vector<u8>): Proof { self.tls_ca_hash = value; self }

public fun proof_configuration(mut self: Proof, value: vector<u8>): Proof { self.configuration = value; self }

public fun attested(self: &Proof): Attested {
    enclave::attested_for_testing(
        self.time,
        self.indexes,
        self.values,
        self.public_key,
        self.user_data,
        self.nonce,
    )
}

public fun hpke_key(self: &Proof): vector<u8> { self.hpke_key }

public fun tls_ca_hash(self: &Proof): vector<u8> { self.tls_ca_hash }

public fun configuration(self: &Proof): vector<u8> { self.configuration }

fun manifest(address: address, key: vector<u8>, configuration: vector<u8>): vector<u8> {
    statement::manifest_hash(
        address,
        key,
        b"hpke",
        given::hash(0xCA),
        signed::cluster_id().to_id(),
        @k3s_daas,
        signed::chain_id(),
        configuration,
    )
}
