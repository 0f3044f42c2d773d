// What the vendors allow, and who sees to it: each call of the fleet takes its place in the limits of the
// vendor account before it is sent, an answer that asks for a pause parks the account or that kind of call
// for everybody, and failures open the account's breaker. The figures are the vendors' own (see their pages),
// held a little below where going over is punished.

import Durable
import Fleet
import Foundation
import VendorHTTP

/// Which limits a call shares.
struct VendorRule: Equatable {
    /// The kind of call that shares them.
    let name: String
    let allowances: [Allowance]

    init(_ name: String, _ allowances: Allowance...) {
        self.name = name
        self.allowances = allowances
    }

    /// The rule for a call; nil for a vendor that nobody has written down here.
    static func of(_ request: VendorRequest, to vendor: String, isLive: Bool) -> VendorRule? {
        if vendor != "stripe", !isLive {
            // Test keys go to sandboxes, whose only limits are those that a test sets.
            return VendorRule("", .steady(200, per: .seconds(1), burst: 50))
        }
        return switch vendor {
        case "stripe": stripe(request, isLive: isLive)
        // Going over blocks the account for ten minutes, so well under its 30 in 10 seconds.
        case "smartbill": VendorRule("", .window(20, per: .seconds(10)))
        case "bigbuy": bigBuy(request.path)
        case "resend": VendorRule("", .steady(5, per: .seconds(1), burst: 2))
        // It tells no figures, only that too much was asked at once of a member state.
        case "vies": VendorRule("", .steady(1, per: .seconds(1), burst: 2))
        default: nil
        }
    }

    private static func stripe(_ request: VendorRequest, isLive: Bool) -> VendorRule {
        let limit = isLive ? 100 : 25
        if request.path.hasSuffix("/search") {
            return VendorRule("search", .steady(20, per: .seconds(1), burst: 5))
        }
        let name = request.method == .get ? "read" : "write"
        return VendorRule(name, .steady(limit, per: .seconds(1), burst: limit / 4))
    }

    /// BigBuy counts by endpoint, in windows that begin with their first call.
    private static func bigBuy(_ path: String) -> VendorRule {
        let parts = path.split(separator: "/").map { String($0).replacing(".json", with: "") }
        guard parts.count >= 3, parts[0] == "rest" else {
            return VendorRule("other", .window(1, per: .seconds(1)))
        }
        let (area, list) = (parts[1], parts[2])
        if list.hasPrefix("lowest-shipping-costs") {
            return VendorRule("\(area)/\(list)", .window(36, per: .seconds(6 * 3_600)))
        }
        guard area == "catalog" else { return VendorRule(area, .window(1, per: .seconds(1))) }
        if parts.count > 3 { return VendorRule("catalog/\(list)/one", .window(1, per: .seconds(5))) }
        let hour = Duration.seconds(3_600)
        switch list {
        case "productsinformation", "taxonomies", "attributes", "tags", "productstags":
            return VendorRule("catalog/\(list)", .window(24, per: hour))
        case "manufacturers", "productstaxonomies":
            return VendorRule("catalog/\(list)", .window(5, per: hour))
        case "new-products": return VendorRule("catalog/\(list)", .window(2, per: hour))
        default: return VendorRule("catalog/\(list)", .window(10, per: hour))
        }
    }
}

/// Keeps the fleet's calls within what the vendors allow.
struct FleetVendorGate: VendorGate {
    let limits: Limits
    let isLive: Bool
    /// Whether calls with test keys are counted and none is held back.
    var isBoundless = false

    /// How long a step stays that has made its first call, in seconds.
    private static let patience = 20.0

    func enter(_ request: VendorRequest, for account: VendorAccount) async throws(TransportFailure)
        -> any VendorPassage
    {
        let rule = rule(for: request, to: account.vendor)
        let key = LimitKey(account.description, rule.name)
        let calls = AttemptCalls.current
        let latest = Date(timeIntervalSinceNow: Self.patience)
        while true {
            let goesOn = calls?.hasBegun ?? false
            do {
                let admission = try await limits.acquire(key, within: rule.allowances, goesOn: goesOn)
                calls?.begin()
                return FleetVendorPassage(limits: limits, admission: admission, vendor: account.vendor)
            } catch {
                // Leaving now would mean to begin the step again, at the end of the line.
                guard goesOn, error.reason == .rateLimit, error.until < latest else {
                    throw .held(until: error.until, reason: error.description)
                }
                let pause: Duration = .seconds(max(0, error.until.timeIntervalSinceNow))
                guard (try? await Task.sleep(for: pause)) != nil else {
                    throw .held(until: error.until, reason: error.description)
                }
            }
        }
    }

    private func rule(for request: VendorRequest, to vendor: String) -> VendorRule {
        let rule = VendorRule.of(request, to: vendor, isLive: isLive) ?? VendorRule("")
        guard isBoundless, !isLive else { return rule }
        return VendorRule(rule.name, .steady(1_000_000, per: .seconds(1), burst: 1_000_000))
    }
}

private struct FleetVendorPassage: VendorPassage {
    let limits: Limits
    let admission: Admission
    let vendor: String

    /// Where a vendor says "too many" without saying for how long.
    private static let unsaidPause: Duration = .seconds(5)
    private static let smartBillBlock: Duration = .seconds(600)

    func left(_ outcome: Result<VendorResponse, TransportFailure>) async {
        switch outcome {
        case .success(let response) where response.status < 500:
            await limits.succeeded(admission)
            if let (key, pause) = pause(response) { await limits.park(key, for: pause) }
        case .success, .failure: await limits.failed(admission)
        }
    }

    /// What the answer asks the fleet to leave alone, and for how long.
    private func pause(_ response: VendorResponse) -> (LimitKey, Duration)? {
        switch (vendor, response.status) {
        case ("smartbill", 403): (LimitKey(admission.key.account), Self.smartBillBlock)
        case ("bigbuy", 429):
            (admission.key, response.wait(untilInstantIn: "X-RateLimit-Reset") ?? Self.unsaidPause)
        case (_, 429): (admission.key, response.retryAfter ?? Self.unsaidPause)
        default: nil
        }
    }
}
