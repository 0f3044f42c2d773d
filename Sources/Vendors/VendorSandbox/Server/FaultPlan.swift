import Foundation
import Synchronization

// Which requests and webhooks go wrong, and how. A pure plan decides; the server and the dispatcher carry
// out. Decisions come from a seeded generator, one draw per fault that is aimed at the request, so that the
// same requests in the same order meet the same faults.

/// One injected fault.
package struct Fault: Sendable, Equatable {
    package enum Kind: String, Sendable, CaseIterable {
        case status
        case dropBefore = "drop_before"
        case dropAfter = "drop_after"
        case latency
        /// A refusal that travels as a success: status 200 with an error in its body.
        case softError = "soft_error"
        case duplicateWebhook = "duplicate_webhook"
        case shuffleWebhooks = "shuffle_webhooks"
    }

    /// `POST /v1/refunds`, a path alone, `*`; for webhooks also an event type such as `charge.refunded`.
    package var endpoint: String
    package var kind: Kind
    package var status: Int
    package var retryAfterSeconds: Int?
    package var latency: Duration
    /// How many times it still strikes; nil until it is deleted.
    package var remaining: Int?
    package var probability: Double

    package init(
        _ endpoint: String, _ kind: Kind, status: Int = 500, retryAfterSeconds: Int? = nil,
        latency: Duration = .zero, count: Int? = nil, probability: Double = 1
    ) {
        self.endpoint = endpoint
        self.kind = kind
        self.status = status
        self.retryAfterSeconds = retryAfterSeconds
        self.latency = latency
        self.remaining = count
        self.probability = probability
    }
}

/// The faults in force and the generator they draw from.
package struct FaultPlan: Sendable {
    /// What happens to one request.
    package struct Verdict: Sendable, Equatable {
        package enum End: Sendable, Equatable {
            case answer
            case refuse(InjectedFailure)
            case dropBefore
            case dropAfter
        }
        package var delay: Duration = .zero
        package var end: End = .answer
    }

    /// What happens to one webhook.
    package struct Delivery: Sendable, Equatable {
        package var copies = 1
        package var isShuffled = false
    }

    package private(set) var faults: [Fault] = []
    private var random: SeededRandom

    package init(seed: UInt64) { random = SeededRandom(seed: seed) }

    package mutating func add(_ fault: Fault) { faults.append(fault) }
    package mutating func removeAll() { faults = [] }

    /// Decides over a request and counts the faults that struck. The first fault that ends the request wins;
    /// delays add up.
    package mutating func judge(method: String, path: String) -> Verdict {
        var verdict = Verdict()
        for position in faults.indices {
            let fault = faults[position]
            if fault.kind != .latency, verdict.end != .answer { continue }
            guard fault.aims(atMethod: method, path: path), strikes(position) else { continue }
            switch fault.kind {
            case .latency: verdict.delay += fault.latency
            case .dropBefore: verdict.end = .dropBefore
            case .dropAfter: verdict.end = .dropAfter
            case .status:
                verdict.end = .refuse(
                    InjectedFailure(status: fault.status, retryAfterSeconds: fault.retryAfterSeconds))
            case .softError:
                verdict.end = .refuse(InjectedFailure(status: 200, retryAfterSeconds: nil))
            case .duplicateWebhook, .shuffleWebhooks: break
            }
        }
        return verdict
    }

    /// Decides over a webhook of an event type that a request caused.
    package mutating func judge(webhook type: String, cause: RequestLine?) -> Delivery {
        var delivery = Delivery()
        for position in faults.indices {
            let fault = faults[position]
            guard fault.kind == .duplicateWebhook || fault.kind == .shuffleWebhooks else { continue }
            let isAimed = fault.endpoint == type || fault.aims(atMethod: cause?.method, path: cause?.path)
            guard isAimed, strikes(position) else { continue }
            if fault.kind == .duplicateWebhook { delivery.copies += 1 } else { delivery.isShuffled = true }
        }
        return delivery
    }

    /// A new order of the same elements; never the old one when there are two or more.
    package mutating func disorder<Element>(_ elements: [Element]) -> [Element] {
        guard elements.count > 1 else { return elements }
        let order = Array(elements.indices)
        var shuffled = order.shuffled(using: &random)
        if shuffled == order { shuffled.reverse() }
        return shuffled.map { elements[$0] }
    }

    private mutating func strikes(_ position: Int) -> Bool {
        if let remaining = faults[position].remaining, remaining <= 0 { return false }
        let probability = faults[position].probability
        if probability < 1, Double.random(in: 0..<1, using: &random) >= probability { return false }
        faults[position].remaining? -= 1
        return true
    }
}

/// The method and path of a request.
package struct RequestLine: Sendable, Equatable {
    package let method: String
    package let path: String

    package init(method: String, path: String) {
        self.method = method
        self.path = path
    }
}

extension Fault {
    fileprivate func aims(atMethod method: String?, path: String?) -> Bool {
        if endpoint == "*" { return true }
        guard let method, let path else { return false }
        let halves = endpoint.split(separator: " ", maxSplits: 1).map(String.init)
        guard halves.count == 2 else { return PathTemplate(endpoint).match(path) != nil }
        let isMethod = halves[0] == "*" || halves[0].uppercased() == method
        return isMethod && (halves[1] == "*" || PathTemplate(halves[1]).match(path) != nil)
    }
}

extension Fault {
    /// What is wrong with a fault's description.
    package struct Malformed: Error, Sendable {
        package let message: String
    }

    /// Reads the body of `POST /_sandbox/faults`.
    package init(_ json: JSON) throws(Malformed) {
        let kinds = Kind.allCases.map(\.rawValue).joined(separator: ", ")
        guard let kind = json["kind"].string.flatMap(Kind.init) else {
            throw Malformed(message: "kind must be one of \(kinds)")
        }
        let isForWebhooks = kind == .duplicateWebhook || kind == .shuffleWebhooks
        guard let endpoint = json["endpoint"].string ?? (isForWebhooks ? "*" : nil) else {
            throw Malformed(message: "endpoint is missing; write it like \"POST /v1/refunds\" or \"*\"")
        }
        let status = json["status"].integer ?? 500
        guard (400...599).contains(status) else { throw Malformed(message: "status must be 400 to 599") }
        self.init(
            endpoint, kind, status: Int(status),
            retryAfterSeconds: json["retry_after"].integer.map(Int.init),
            latency: .milliseconds(json["latency_ms"].integer ?? 0),
            count: json["count"].integer.map(Int.init),
            probability: json["probability"].decimal.map { NSDecimalNumber(decimal: $0).doubleValue } ?? 1)
    }

    var json: JSON {
        [
            "endpoint": .string(endpoint), "kind": .string(kind.rawValue),
            "status": .integer(Int64(status)),
            "retry_after": JSON(retryAfterSeconds.map(Int64.init)),
            "latency_ms": .integer(Int64(latency / .milliseconds(1))),
            "count": JSON(remaining.map(Int64.init)), "probability": .decimal(Decimal(probability)),
        ]
    }
}
