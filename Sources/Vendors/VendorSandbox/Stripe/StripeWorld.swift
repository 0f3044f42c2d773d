import Foundation

// Everything Stripe knows, as one value. Handlers are mutating functions that either throw before the first
// change or complete, so no request leaves half a payment behind. Events are collected in `outbox` and sent
// by the actor afterwards; what happens by itself later (a refund that fails) waits in `agenda`.

/// The state of the Stripe sandbox.
struct StripeWorld: Sendable {
    /// An object and the account it lives on.
    struct Row: Sendable {
        let owner: String
        var json: JSON
    }

    /// A card behind a payment method; never part of what is answered.
    var cards: [String: TestCard] = [:]
    var secrets: [String: WebhookSecrets] = [:]
    var onboarding: [String: OnboardingSession] = [:]
    var checkouts: [String: CheckoutOrder] = [:]
    var outbox: [StripeEvent] = []
    var agenda: [Deferred] = []
    var now: Int64 = 0

    private var rows: [StripeKind: [String: Row]] = [:]
    private var order: [StripeKind: [String]] = [:]

    /// A new id: the prefix, and enough randomness never to repeat across runs.
    func newID(_ prefix: String, length: Int = 24) -> String {
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789")
        return prefix + "_" + String((0..<length).map { _ in alphabet[Int.random(in: 0..<alphabet.count)] })
    }

    /// Stores a new object.
    mutating func insert(_ kind: StripeKind, _ json: JSON, owner: String) {
        guard let id = json["id"].string else { preconditionFailure("a Stripe object needs an id") }
        rows[kind, default: [:]][id] = Row(owner: owner, json: json)
        order[kind, default: []].append(id)
    }

    /// The object of an id, or nothing when it does not exist on that account.
    func find(_ kind: StripeKind, _ id: String, owner: String) -> JSON? {
        guard let row = rows[kind]?[id], row.owner == owner else { return nil }
        return row.json
    }

    /// The object of an id that is known to exist, whichever account it lives on.
    subscript(_ kind: StripeKind, _ id: String) -> JSON {
        get { rows[kind]?[id]?.json ?? .null }
        set {
            precondition(rows[kind]?[id] != nil, "\(kind) \(id) was never stored")
            rows[kind]?[id]?.json = newValue
        }
    }

    /// The account an object lives on.
    func owner(_ kind: StripeKind, _ id: String) -> String { rows[kind]?[id]?.owner ?? StripeCall.platform }

    mutating func delete(_ kind: StripeKind, _ id: String) {
        rows[kind]?[id] = nil
        order[kind]?.removeAll { $0 == id }
    }

    /// Every object of a kind, oldest first; of one account when it is given.
    func all(_ kind: StripeKind, owner: String? = nil) -> [JSON] {
        (order[kind] ?? []).compactMap { id in
            guard let row = rows[kind]?[id], owner == nil || row.owner == owner else { return nil }
            return row.json
        }
    }

    /// The object that the path names. Refuses with 404 as Stripe does.
    func required(_ kind: StripeKind, _ call: StripeCall, param: String? = nil) throws(StripeProblem)
        -> JSON
    {
        guard let json = find(kind, call.id, owner: call.owner) else {
            throw .noSuch(kind.noun, call.id, param: param ?? kind.pathParam)
        }
        return json
    }

    /// Queues an event about an object of an account; the platform's go to the platform's endpoints.
    mutating func emit(_ type: String, _ json: JSON, owner: String, previous: JSON? = nil) {
        outbox.append(StripeEvent(type: type, object: json, previous: previous, owner: owner))
    }

    /// Something that happens by itself when its time has come.
    struct Deferred: Sendable {
        let due: Int64
        let refund: String
    }
}

/// The kinds of objects, by their `object` name.
enum StripeKind: String, Sendable, CaseIterable {
    case account
    case applicationFee = "application_fee"
    case balanceTransaction = "balance_transaction"
    case charge
    case checkoutSession = "checkout.session"
    case customer
    case dispute
    case event
    case feeRefund = "fee_refund"
    case invoice
    case paymentIntent = "payment_intent"
    case paymentMethod = "payment_method"
    case payout
    case price
    case product
    case refund
    case subscription
    case transfer
    case transferReversal = "transfer_reversal"
    case webhookEndpoint = "webhook_endpoint"

    /// How Stripe calls it in "No such ...".
    var noun: String {
        switch self {
        case .applicationFee: "application fee"
        case .balanceTransaction: "balance transaction"
        case .paymentMethod: "PaymentMethod"
        case .feeRefund: "fee refund"
        case .transferReversal: "transfer reversal"
        case .webhookEndpoint: "webhook endpoint"
        case .account, .charge, .checkoutSession, .customer, .dispute, .event, .invoice, .paymentIntent,
            .payout, .price, .product, .refund, .subscription, .transfer:
            rawValue
        }
    }

    /// The parameter that Stripe blames when the id in the path is wrong.
    var pathParam: String {
        switch self {
        case .paymentIntent: "intent"
        case .applicationFee: "fee"
        default:
            "id"
        }
    }

    /// The kind an id belongs to, by its prefix.
    init?(id: String) {
        guard let prefix = id.split(separator: "_").first, let kind = Self.prefixes[String(prefix)] else {
            return nil
        }
        self = kind
    }

    private static let prefixes: [String: StripeKind] = [
        "acct": .account, "fee": .applicationFee, "txn": .balanceTransaction, "ch": .charge, "py": .charge,
        "cs": .checkoutSession, "in": .invoice, "price": .price,
        "prod": .product, "sub": .subscription,
        "cus": .customer, "du": .dispute, "evt": .event, "fr": .feeRefund, "pi": .paymentIntent,
        "pm": .paymentMethod, "po": .payout, "re": .refund, "pyr": .refund, "tr": .transfer,
        "trr": .transferReversal,
        "we": .webhookEndpoint,
    ]
}
