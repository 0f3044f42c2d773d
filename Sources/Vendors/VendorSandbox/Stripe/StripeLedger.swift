// Balances are never stored, only the entries that make them: every movement on every account is a balance
// transaction, and a balance is their sum. So a test can ask what each party has in the end and get an
// answer that nothing but the movements could have produced.

extension StripeWorld {
    /// How long card money is pending.
    static let settlementDelay: Int64 = 2 * 86_400

    /// Posts one movement and returns the id of its balance transaction. `fee` is withheld from `amount`.
    mutating func post(
        _ type: String, _ amount: Int64, fee: Int64 = 0, fees: [JSON] = [], currency: String,
        source: String,
        owner: String, available: Int64? = nil, description: String? = nil
    ) -> String {
        let id = newID("txn")
        let date = available ?? now
        insert(
            .balanceTransaction,
            [
                "id": .string(id), "object": "balance_transaction", "amount": .integer(amount),
                "available_on": .integer(date), "balance_type": "payments", "created": .integer(now),
                "currency": .string(currency), "description": JSON(description), "exchange_rate": nil,
                "fee": .integer(fee), "fee_details": .array(fees), "net": .integer(amount - fee),
                "reporting_category": .string(type), "source": .string(source),
                "status": date <= now ? "available" : "pending", "type": .string(type),
            ], owner: owner)
        return id
    }

    /// One line of a movement's `fee_details`.
    static func feeDetail(_ type: String, _ amount: Int64, _ currency: String) -> JSON {
        [
            "amount": .integer(amount),
            "application": type == "application_fee" ? .string(application) : nil,
            "currency": .string(currency), "type": .string(type),
            "description": type == "application_fee"
                ? "CartFlux application fee" : "Stripe processing fees",
        ]
    }

    /// The platform's id as an application.
    static let application = "ca_CartFluxSandbox"

    /// What an account has, by currency.
    func funds(of owner: String) -> (available: [String: Int64], pending: [String: Int64]) {
        var available: [String: Int64] = [:]
        var pending: [String: Int64] = [:]
        for entry in all(.balanceTransaction, owner: owner) {
            guard let currency = entry["currency"].string, let net = entry["net"].integer else { continue }
            if entry["available_on"].integer ?? 0 <= now {
                available[currency, default: 0] += net
            } else {
                pending[currency, default: 0] += net
            }
        }
        return (available, pending)
    }

    /// The `balance` object of an account.
    func balance(of owner: String) -> JSON {
        let funds = funds(of: owner)
        let home = owner.isEmpty ? "eur" : self[.account, owner]["default_currency"].string ?? "eur"
        let currencies = Set(funds.available.keys).union(funds.pending.keys).union([home]).sorted()
        func lines(_ amounts: [String: Int64]) -> JSON {
            .array(
                currencies.map { currency in
                    let amount = JSON.integer(amounts[currency] ?? 0)
                    return [
                        "amount": amount, "currency": .string(currency), "source_types": ["card": amount],
                    ]
                })
        }
        return [
            "object": "balance", "available": lines(funds.available), "pending": lines(funds.pending),
            "livemode": false,
        ]
    }

    /// Balances of all accounts, for `/_sandbox/objects/balances`.
    var balances: [JSON] {
        let accounts = [StripeCall.platform] + all(.account).compactMap(\.["id"].string)
        return accounts.map { owner in
            var balance = balance(of: owner)
            let funds = funds(of: owner)
            let totals = funds.available.merging(funds.pending, uniquingKeysWith: +)
            balance["account"] = .string(owner.isEmpty ? "platform" : owner)
            balance["total"] = .object(totals.mapValues(JSON.integer))
            return balance
        }
    }

    func retrieveBalance(_ call: StripeCall) throws(StripeProblem) -> StripeReply {
        StripeReply(balance(of: call.owner))
    }

    /// A balance transaction's status follows the clock.
    func current(_ entry: JSON) -> JSON {
        var entry = entry
        entry["status"] = entry["available_on"].integer ?? 0 <= now ? "available" : "pending"
        return entry
    }
}
