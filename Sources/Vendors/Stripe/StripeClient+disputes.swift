// Disputes and what they need besides: the store's transfer is reversed while the bank decides, and made
// again when the dispute is won.

import Commerce
import VendorHTTP

extension StripeClient {
    package func dispute(_ id: StripeDispute.ID) async throws(StripeFailure) -> StripeDispute {
        try await get("/v1/disputes/\(id)", as: StripeDispute.init)
    }

    /// Hands the evidence in. Once it is submitted nothing can be added. Of the fields only those are sent
    /// that take text; the others want files.
    package func submitEvidence(
        _ evidence: [String: String], for id: StripeDispute.ID, key: String
    ) async throws(StripeFailure) -> StripeDispute {
        var fields = FormFields()
        fields.add(nested: "evidence", evidence)
        fields.add("submit", true)
        return try await post("/v1/disputes/\(id)", fields, key: key, as: StripeDispute.init)
    }

    package func transfer(_ id: StripeTransfer.ID) async throws(StripeFailure) -> StripeTransfer {
        try await get("/v1/transfers/\(id)", as: StripeTransfer.init)
    }

    /// The transfers of a group, newest first.
    package func transfers(inGroup group: String) async throws(StripeFailure) -> [StripeTransfer] {
        try await list("/v1/transfers", ["transfer_group": group], as: StripeTransfer.init)
    }

    /// Moves money of a charge to a connected account.
    package func transfer(
        _ request: StripeTransferRequest, key: String
    ) async throws(StripeFailure) -> StripeTransfer {
        try await post("/v1/transfers", request.fields, key: key, as: StripeTransfer.init)
    }

    /// Takes money back from a connected account, whose balance may become negative by it.
    package func reverse(
        _ transfer: StripeTransfer.ID, amount: Money, metadata: [String: String], key: String
    ) async throws(StripeFailure) -> StripeTransferReversal {
        var fields = FormFields()
        fields.add("amount", amount.minorUnits)
        fields.add(nested: "metadata", metadata)
        return try await post(
            "/v1/transfers/\(transfer)/reversals", fields, key: key, as: StripeTransferReversal.init)
    }

    /// All reversals of a transfer, newest first.
    package func reversals(
        of transfer: StripeTransfer.ID
    ) async throws(StripeFailure) -> [StripeTransferReversal] {
        try await list("/v1/transfers/\(transfer)/reversals", [:], as: StripeTransferReversal.init)
    }
}

/// A transfer from the platform to a connected account: `tr_...`. A destination charge makes one.
package struct StripeTransfer: Sendable, Equatable {
    package typealias ID = StripeID<StripeTransfer>

    package let id: ID
    package let amount: Money
    package let amountReversed: Money
    package let destination: StripeAccount.ID?
    package let charge: StripeCharge.ID?
    package let metadata: [String: String]

    init(_ json: JSON) throws(JSONMismatch) {
        id = try json.needID()
        amount = try json.needMoney("amount")
        amountReversed = try json.money("amount_reversed") ?? .zero(amount.currency)
        destination = json.reference("destination")
        charge = json.reference("source_transaction")
        metadata = json["metadata"].textMembers
    }

    /// What can still be taken back.
    package var left: Money { amount - amountReversed }
}

package struct StripeTransferRequest: Sendable, Equatable {
    package let amount: Money
    package let destination: StripeAccount.ID
    /// Its funds are used, also while they are not available yet.
    package let charge: StripeCharge.ID
    package let group: String?
    package let metadata: [String: String]

    package init(
        amount: Money, destination: StripeAccount.ID, charge: StripeCharge.ID, group: String?,
        metadata: [String: String]
    ) {
        self.amount = amount
        self.destination = destination
        self.charge = charge
        self.group = group
        self.metadata = metadata
    }

    var fields: FormFields {
        var fields = FormFields()
        fields.add("amount", amount.minorUnits)
        fields.add("currency", amount.currency.rawValue.lowercased())
        fields.add("destination", destination.rawValue)
        fields.add("source_transaction", charge.rawValue)
        fields.add("transfer_group", group)
        fields.add(nested: "metadata", metadata)
        return fields
    }
}

/// A part of a transfer that was taken back: by a refund, or on its own.
package struct StripeTransferReversal: Sendable, Equatable {
    package typealias ID = StripeID<StripeTransferReversal>

    package let id: ID
    package let amount: Money
    /// The refund that it belongs to.
    package let refund: StripeRefund.ID?
    package let metadata: [String: String]

    init(_ json: JSON) throws(JSONMismatch) {
        id = try json.needID()
        amount = try json.needMoney("amount")
        refund = json.reference("source_refund")
        metadata = json["metadata"].textMembers
    }
}
