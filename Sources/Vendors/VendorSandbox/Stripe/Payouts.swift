// Payouts from a connected account's balance to the merchant's bank. Stripe starts them by itself; here a
// lever does, and the bank answers when the clock has moved far enough.

extension StripeWorld {
    /// How long the bank takes.
    private static let payoutPeriod: Int64 = 86_400

    /// Pays out what an account has available, one payout per currency.
    mutating func startPayouts(of account: String, fails: Bool) -> [JSON] {
        funds(of: account).available.sorted { $0.key < $1.key }.filter { $0.value > 0 }.map { funds in
            let id = newID("po")
            let entry = post("payout", -funds.value, currency: funds.key, source: id, owner: account)
            insert(
                .payout,
                [
                    "id": .string(id), "object": "payout", "amount": .integer(funds.value),
                    "arrival_date": .integer(now + Self.payoutPeriod), "automatic": true,
                    "balance_transaction": .string(entry), "created": .integer(now),
                    "currency": .string(funds.key), "failure_code": nil, "failure_message": nil,
                    "livemode": false, "metadata": fails ? ["bank": "closed"] : [:], "method": "standard",
                    "status": "in_transit", "type": "bank_account",
                ], owner: account)
            emit("payout.created", self[.payout, id], owner: account)
            return self[.payout, id]
        }
    }

    /// The bank answers for the payouts whose day has come.
    mutating func payOut() {
        for payout in all(.payout) where payout["status"].string == "in_transit" {
            guard let id = payout["id"].string, payout["arrival_date"].integer ?? 0 <= now else { continue }
            let owner = owner(.payout, id)
            if payout["metadata"]["bank"].string == "closed" {
                _ = post(
                    "payout_failure", payout["amount"].integer ?? 0,
                    currency: payout["currency"].string ?? "", source: id, owner: owner)
                self[.payout, id]["status"] = "failed"
                self[.payout, id]["failure_code"] = "account_closed"
                self[.payout, id]["failure_message"] = "The bank account has been closed."
            } else {
                self[.payout, id]["status"] = "paid"
            }
            emit(
                "payout.\(self[.payout, id]["status"].string ?? "")", self[.payout, id], owner: owner,
                previous: ["status": "in_transit"])
        }
    }
}
