// Which accounts this process knows to be shut just now. Redis has one key per account and no list of them,
// so each process tells what it met itself; the label is the kind of the account (what stands before the
// colon of `bigbuy:platform`), because accounts are as many as merchants.

import Foundation
import Synchronization

final class LimitWatch: Sendable {
    /// That of the process.
    static let shared = LimitWatch()

    private struct State {
        var open: [String: Date] = [:]
        var parked: [String: Date] = [:]
        var kinds: Set<String> = []
    }

    private let state = Mutex(State())
    private let metrics: FleetMetrics
    /// Accounts of which more is not remembered; gauges then count too few.
    private static let accountLimit = 10_000
    private static let kindLimit = 100

    init(_ metrics: FleetMetrics = .shared) { self.metrics = metrics }

    func refused(_ refusal: LimitRefusal, at now: Date) {
        let kind = Self.kind(of: refusal.key)
        metrics.count(.limitRefusals, [("kind", kind), ("reason", refusal.reason.rawValue)])
        switch refusal.reason {
        case .breakerOpen: note(\.open, refusal.key.account, until: refusal.until, kind)
        case .parked: note(\.parked, refusal.key.account, until: refusal.until, kind)
        case .rateLimit, .unknown: return
        }
        refresh(at: now)
    }

    func parked(_ key: LimitKey, until instant: Date, at now: Date) {
        note(\.parked, key.account, until: instant, Self.kind(of: key))
        refresh(at: now)
    }

    func opened(_ key: LimitKey, until instant: Date, at now: Date) {
        let kind = Self.kind(of: key)
        metrics.count(.breakerOpenings, [("kind", kind)])
        note(\.open, key.account, until: instant, kind)
        refresh(at: now)
    }

    /// The other side is well again.
    func closed(_ key: LimitKey, at now: Date) {
        let wasOpen = state.withLock { $0.open.removeValue(forKey: key.account) != nil }
        if wasOpen { refresh(at: now) }
    }

    /// Forgets what is over, so that a kind that nobody calls any more goes back to zero.
    func refresh(at now: Date) {
        let (kinds, open, parked) = state.withLock { state in
            guard !state.kinds.isEmpty else { return (Set<String>(), [String: Int](), [String: Int]()) }
            state.open = state.open.filter { $0.value > now }
            state.parked = state.parked.filter { $0.value > now }
            func counts(_ accounts: [String: Date]) -> [String: Int] {
                Dictionary(accounts.keys.map { (Self.kind(ofAccount: $0), 1) }, uniquingKeysWith: +)
            }
            return (state.kinds, counts(state.open), counts(state.parked))
        }
        for kind in kinds {
            metrics.set(.breakersOpen, [("kind", kind)], to: Double(open[kind] ?? 0))
            metrics.set(.limitsParked, [("kind", kind)], to: Double(parked[kind] ?? 0))
        }
    }

    private func note(
        _ table: WritableKeyPath<State, [String: Date]>, _ account: String, until instant: Date,
        _ kind: String
    ) {
        state.withLock { state in
            guard state[keyPath: table].count < Self.accountLimit else { return }
            if state.kinds.count < Self.kindLimit { state.kinds.insert(kind) }
            state[keyPath: table][account] = instant
        }
    }

    private static func kind(of key: LimitKey) -> String { kind(ofAccount: key.account) }

    private static func kind(ofAccount account: String) -> String {
        String(account.prefix { $0 != ":" })
    }
}
