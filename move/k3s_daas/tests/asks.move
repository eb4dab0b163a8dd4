/// Requests as they would be asked and answers as they would be stored, and how tests spoil them.
#[test_only]
module k3s_daas::asks;

use k3s_daas::given;
use k3s_daas::signed;

/// One request; `asks::ask()` is a good one.
public struct Ask has copy, drop {
    sender: address,
    transaction: u8,
    verb: vector<u8>,
    group: vector<u8>,
    resource: vector<u8>,
    subresource: vector<u8>,
    namespace: vector<u8>,
    payload: vector<vector<u8>>,
    payload_hash: vector<u8>,
    payload_length: u64,
    deadline: u64,
    stream: bool,
}

/// One answer; `asks::reply()` is a good one to `asks::ask()`.
public struct Reply has copy, drop {
    sender: address,
    sequence: u64,
    status: u16,
    body: vector<vector<u8>>,
    body_hash: vector<u8>,
    body_length: u64,
    executed_at: u64,
    signature: vector<u8>,
}

/// The owner gets pods in `default`, 10 seconds from the time when a ready world begins.
public fun ask(): Ask {
    Ask {
        sender: signed::owner_address(),
        transaction: 0x05,
        verb: b"get",
        group: b"",
        resource: b"pods",
        subresource: b"",
        namespace: b"default",
        payload: vector[b"sealed"],
        payload_hash: signed::payload_hash(),
        payload_length: 6,
        deadline: given::now() + 12_000,
        stream: false,
    }
}

public fun ask_from(mut self: Ask, sender: address): Ask { self.sender = sender; self }

public fun ask_in(mut self: Ask, transaction: u8): Ask { self.transaction = transaction; self }

public fun ask_verb(mut self: Ask, verb: vector<u8>): Ask { self.verb = verb; self }

public fun ask_resource(mut self: Ask, resource: vector<u8>, subresource: vector<u8>): Ask {
    self.resource = resource;
    self.subresource = subresource;
    self
}

public fun ask_namespace(mut self: Ask, namespace: vector<u8>): Ask { self.namespace = namespace; self }

public fun ask_payload(mut self: Ask, payload: vector<vector<u8>>, hash: vector<u8>, length: u64): Ask {
    self.payload = payload;
    self.payload_hash = hash;
    self.payload_length = length;
    self
}

public fun ask_deadline(mut self: Ask, deadline: u64, stream: bool): Ask {
    self.deadline = deadline;
    self.stream = stream;
    self
}

/// The enclave answers `ask()` with 200 and a sealed body.
public fun reply(): Reply {
    Reply {
        sender: signed::enclave_address(),
        sequence: 7,
        status: 200,
        body: vector[b"answer"],
        body_hash: signed::body_hash(),
        body_length: 6,
        executed_at: given::now() + 2_500,
        signature: signed::answer(),
    }
}

public fun reply_from(mut self: Reply, sender: address): Reply { self.sender = sender; self }

public fun reply_sequence(mut self: Reply, sequence: u64): Reply { self.sequence = sequence; self }

public fun reply_status(mut self: Reply, status: u16): Reply { self.status = status; self }

public fun reply_body(mut self: Reply, body: vector<vector<u8>>, hash: vector<u8>, length: u64): Reply {
    self.body = body;
    self.body_hash = hash;
    self.body_length = length;
    self
}

public fun reply_executed_at(mut self: Reply, executed_at: u64): Reply { self.executed_at = executed_at; self }

public fun reply_signature(mut self: Reply, signature: vector<u8>): Reply { self.signature = signature; self }

// What the world reads.

public use fun ask_sender as Ask.sender;
public fun ask_sender(self: &Ask): address { self.sender }

public fun transaction(self: &Ask): u8 { self.transaction }

public fun verb(self: &Ask): vector<u8> { self.verb }

public fun group(self: &Ask): vector<u8> { self.group }

public fun resource(self: &Ask): vector<u8> { self.resource }

public fun subresource(self: &Ask): vector<u8> { self.subresource }

public fun namespace(self: &Ask): vector<u8> { self.namespace }

public fun payload(self: &Ask): vector<vector<u8>> { self.payload }

public fun payload_hash(self: &Ask): vector<u8> { self.payload_hash }

public fun payload_length(self: &Ask): u64 { self.payload_length }

public fun deadline(self: &Ask): u64 { self.deadline }

public fun stream(self: &Ask): bool { self.stream }

public use fun reply_sender as Reply.sender;
public fun reply_sender(self: &Reply): address { self.sender }

public fun sequence(self: &Reply): u64 { self.sequence }

public fun status(self: &Reply): u16 { self.status }

public fun body(self: &Reply): vector<vector<u8>> { self.body }

public fun body_hash(self: &Reply): vector<u8> { self.body_hash }

public fun body_length(self: &Reply): u64 { self.body_length }

public fun executed_at(self: &Reply): u64 { self.executed_at }

public fun signature(self: &Reply): vector<u8> { self.signature }
