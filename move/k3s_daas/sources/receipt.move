/// Receipts: answers as objects, for those who paid a deposit for one. The event is the normal answer.
module k3s_daas::receipt;

/// One stored answer. It belongs to whoever asked, and can be deleted for its storage rebate.
public struct Receipt has key {
    id: UID,
    request_id: ID,
    cluster: ID,
    enclave: ID,
    sequence: u64,
    status: u16,
    body_hash: vector<u8>,
    executed_at: u64,
    stored_at: u64,
    signature: vector<u8>,
}

/// Gives a receipt to the requester.
public(package) fun give(
    requester: address,
    request_id: ID,
    cluster: ID,
    enclave: ID,
    sequence: u64,
    status: u16,
    body_hash: vector<u8>,
    executed_at: u64,
    stored_at: u64,
    signature: vector<u8>,
    ctx: &mut TxContext,
) {
    let receipt = Receipt {
        id: object::new(ctx),
        request_id,
        cluster,
        enclave,
        sequence,
        status,
        body_hash,
        executed_at,
        stored_at,
        signature,
    };
    transfer::transfer(receipt, requester);
}

/// Deletes a receipt; its owner gets the storage rebate.
public fun delete_receipt(receipt: Receipt) {
    let Receipt { id, .. } = receipt;
    id.delete();
}
