/// Violations and evidence as an enclave and a reporter would send them, and how tests spoil them.
#[test_only]
module k3s_daas::blame;

use k3s_daas::answer;
use k3s_daas::cluster::Cluster;
use k3s_daas::enclave::Enclave;
use k3s_daas::evidence;
use k3s_daas::given;
use k3s_daas::request::Request;
use k3s_daas::seal_token::SealToken;
use k3s_daas::signed;
use k3s_daas::world::World;
use sui::coin::Coin;
use sui::sui::SUI;
use sui::test_scenario;

/// One violation; `blame::violation()` is a good one of `asks::ask()`.
public struct Violation has copy, drop {
    sender: address,
    enclave: ID,
    token: ID,
    request: ID,
    sequence: u64,
    found_at: u64,
    signature: vector<u8>,
}

/// Two answers; `blame::evidence()` is a good one: 200 and 404 to `asks::ask()`.
public struct Evidence has copy, drop {
    reporter: address,
    enclave: ID,
    request: ID,
    epochs: vector<u64>,
    sequences: vector<u64>,
    config_versions: vector<u64>,
    payload_hashes: vector<vector<u8>>,
    statuses: vector<u16>,
    body_hashes: vector<vector<u8>>,
    executed_at: vector<u64>,
    answer_until: vector<u64>,
    signatures: vector<vector<u8>>,
}

public fun violation(): Violation {
    Violation {
        sender: signed::enclave_address(),
        enclave: signed::enclave_id().to_id(),
        token: signed::token_id().to_id(),
        request: signed::request_id().to_id(),
        sequence: 7,
        found_at: given::now() + 2_500,
        signature: signed::violation(),
    }
}

public fun violation_from(mut self: Violation, sender: address): Violation { self.sender = sender; self }

public fun violation_by(mut self: Violation, enclave: ID): Violation { self.enclave = enclave; self }

public fun violation_of(mut self: Violation, token: ID): Violation { self.token = token; self }

/// The violation of the request of the transaction 0x06.
public fun second_violation(): Violation {
    let mut self = violation().violation_signature(signed::violation_of_second_request());
    self.request = signed::second_request_id().to_id();
    self.sequence = 8;
    self
}

public fun violation_found_at(mut self: Violation, found_at: u64): Violation { self.found_at = found_at; self }

public fun violation_signature(mut self: Violation, signature: vector<u8>): Violation {
    self.signature = signature;
    self
}

public use fun store_violation as Violation.store;
/// Stores the violation in a transaction of its sender.
public fun store_violation(self: Violation, world: &mut World) {
    world.scenario().next_tx(self.sender);
    let ctx = &mut world.context(self.sender);
    let cluster = world.scenario().take_shared<Cluster>();
    let enclave = world.scenario().take_shared_by_id<Enclave>(self.enclave);
    let mut token = world.scenario().take_shared_by_id<SealToken>(self.token);
    let request = world.scenario().take_shared_by_id<Request>(self.request);
    let Violation { sequence, found_at, signature, .. } = self;
    answer::store_k8s_violation(
        &cluster,
        &enclave,
        &mut token,
        request,
        sequence,
        found_at,
        signature,
        world.clock(),
        ctx,
    );
    test_scenario::return_shared(token);
    test_scenario::return_shared(enclave);
    test_scenario::return_shared(cluster);
}

public fun evidence(): Evidence {
    Evidence {
        reporter: given::stranger(),
        enclave: signed::enclave_id().to_id(),
        request: signed::request_id().to_id(),
        epochs: vector[1, 1],
        sequences: vector[7, 8],
        config_versions: vector[2, 2],
        payload_hashes: vector[signed::payload_hash(), signed::payload_hash()],
        statuses: vector[200, 404],
        body_hashes: vector[signed::body_hash(), signed::body_hash()],
        executed_at: vector[given::now() + 2_500, given::now() + 2_600],
        answer_until: vector[given::now() + 32_000, given::now() + 32_000],
        signatures: vector[signed::answer(), signed::contradiction()],
    }
}

/// Evidence about the enclave that `world.supersede()` makes.
public fun evidence_of_other_enclave(): Evidence {
    let mut self = evidence().evidence_about(signed::other_enclave_id().to_id());
    self.epochs = vector[2, 2];
    self.evidence_signatures(vector[signed::answer_of_other_enclave(), signed::contradiction_of_other_enclave()])
}

public fun evidence_about(mut self: Evidence, enclave: ID): Evidence { self.enclave = enclave; self }

public fun evidence_to_request(mut self: Evidence, request: ID): Evidence { self.request = request; self }

public fun evidence_statuses(mut self: Evidence, statuses: vector<u16>): Evidence { self.statuses = statuses; self }

public fun evidence_body_hashes(mut self: Evidence, hashes: vector<vector<u8>>): Evidence {
    self.body_hashes = hashes;
    self
}

public fun evidence_executed_at(mut self: Evidence, executed_at: vector<u64>): Evidence {
    self.executed_at = executed_at;
    self
}

public fun evidence_signatures(mut self: Evidence, signatures: vector<vector<u8>>): Evidence {
    self.signatures = signatures;
    self
}

/// The later answer first.
public fun evidence_swapped(mut self: Evidence): Evidence {
    self.sequences.reverse();
    self.statuses.reverse();
    self.body_hashes.reverse();
    self.executed_at.reverse();
    self.signatures.reverse();
    self
}

/// Evidence in which one of the nine vectors, by its place, has one value less.
public fun evidence_without(mut self: Evidence, place: u64): Evidence {
    if (place == 0) { self.epochs.pop_back(); };
    if (place == 1) { self.sequences.pop_back(); };
    if (place == 2) { self.config_versions.pop_back(); };
    if (place == 3) { self.payload_hashes.pop_back(); };
    if (place == 4) { self.statuses.pop_back(); };
    if (place == 5) { self.body_hashes.pop_back(); };
    if (place == 6) { self.executed_at.pop_back(); };
    if (place == 7) { self.answer_until.pop_back(); };
    if (place == 8) { self.signatures.pop_back(); };
    self
}

/// Evidence of three answers, the last of them twice.
public fun evidence_of_three(mut self: Evidence): Evidence {
    self.epochs.push_back(1);
    self.sequences.push_back(8);
    self.config_versions.push_back(2);
    self.payload_hashes.push_back(signed::payload_hash());
    self.statuses.push_back(404);
    self.body_hashes.push_back(signed::body_hash());
    self.executed_at.push_back(given::now() + 2_600);
    self.answer_until.push_back(given::now() + 32_000);
    self.signatures.push_back(signed::contradiction());
    self
}

public use fun report_evidence as Evidence.report;
/// Reports the evidence to the shared cluster in a transaction of the reporter.
public fun report_evidence(self: Evidence, world: &mut World) {
    world.scenario().next_tx(self.reporter);
    let mut cluster = world.scenario().take_shared<Cluster>();
    self.report_to(&mut cluster, world);
    test_scenario::return_shared(cluster);
}

public use fun report_evidence_to as Evidence.report_to;
/// Reports the evidence to this cluster.
public fun report_evidence_to(self: Evidence, cluster: &mut Cluster, world: &mut World) {
    let ctx = &mut world.context(self.reporter);
    let mut enclave = world.scenario().take_shared_by_id<Enclave>(self.enclave);
    evidence::report_equivocation(
        cluster,
        &mut enclave,
        self.request,
        self.epochs,
        self.sequences,
        self.config_versions,
        self.payload_hashes,
        self.statuses,
        self.body_hashes,
        self.executed_at,
        self.answer_until,
        self.signatures,
        world.clock(),
        ctx,
    );
    test_scenario::return_shared(enclave);
}

/// All coins that somebody was given in transactions that are over, in MIST.
public fun coins(world: &mut World, who: address): u64 {
    world.scenario().next_tx(given::stranger());
    let mut sum = 0;
    test_scenario::ids_for_address<Coin<SUI>>(who).do!(|id| {
        let coin = world.scenario().take_from_address_by_id<Coin<SUI>>(who, id);
        sum = sum + coin.value();
        test_scenario::return_to_address(who, coin);
    });
    sum
}
