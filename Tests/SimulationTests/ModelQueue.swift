// The dispatcher of a simulation: what the functions in Redis do, on virtual time. All of it can be lost at
// any moment.

import Durable
import Foundation

@testable import Fleet

struct ModelQueue: Sendable {
    private struct Place: Sendable {
        let score: Duration
        let id: RunID
    }

    private var ready: [Tenant: [Place]] = [:]
    private var ring: [Tenant: Double] = [:]
    private var virtualTimes: [Tenant: Double] = [:]
    private var due: [(at: Duration, run: ReadyRun)] = []
    private var leases: [RunID: (expiry: Duration, token: String)] = [:]
    private(set) var isWhole = false
    /// Some worker waits for the bell.
    private var isIdle = false
    /// What was queued and neither given back nor dropped: the dispatcher must know where each of these is.
    private var charges: Set<RunID> = []

    // MARK: Queueing

    /// Queues runs now or at their time. Returns whether the bell must ring.
    mutating func enqueue(_ runs: [ReadyRun], at now: Duration, timeOf: (Date) -> Duration) -> Bool {
        for run in runs {
            let at = run.at.map(timeOf) ?? .zero
            if at > now {
                due.removeAll { $0.run.id == run.id }
                due.append((at, run))
            } else {
                push(run, at: now)
            }
        }
        defer { isIdle = false }
        return isIdle
    }

    /// Returns how many were missing, and which of those nobody had given back.
    mutating func ensure(_ runs: [ReadyRun], at now: Duration) -> (missing: Int, forgotten: [RunID]) {
        var missing = 0
        var forgotten: [RunID] = []
        for run in runs {
            let lease = leases[run.id]
            guard (lease?.expiry ?? .zero) < now, !isReady(run) else { continue }
            if lease == nil, charges.contains(run.id) { forgotten.append(run.id) }
            push(run, at: now)
            missing += 1
        }
        return (missing, forgotten)
    }

    private func isReady(_ run: ReadyRun) -> Bool {
        ready[run.tenant]?.contains { $0.id == run.id } == true
    }

    private mutating func push(_ run: ReadyRun, at now: Duration) {
        charges.insert(run.id)
        if !isReady(run) { ready[run.tenant, default: []].append(Place(score: now, id: run.id)) }
        guard ring[run.tenant] == nil else { return }
        ring[run.tenant] = max(virtualTimes[run.tenant] ?? 0, ring.values.min() ?? 0)
    }

    // MARK: Giving out

    mutating func finish(_ done: [RunID], token: String) {
        for id in done where leases[id]?.token == token {
            leases[id] = nil
            if !ready.values.contains(where: { $0.contains { $0.id == id } }) { charges.remove(id) }
        }
    }

    /// The next runs in fair order; nothing is recorded of who has them.
    mutating func pop(upTo limit: Int, at now: Duration) -> (ids: [RunID], untilDue: Duration?) {
        for timer in due where timer.at <= now { push(timer.run, at: now) }
        due.removeAll { $0.at <= now }
        var ids: [RunID] = []
        while ids.count < limit, let first = nextTenant {
            let place = ready[first]?.removeFirst()
            if let place { ids.append(place.id) }
            let virtual = (ring[first] ?? 0) + 1
            if ready[first]?.isEmpty == false {
                ring[first] = virtual
            } else {
                ready[first] = nil
                ring[first] = nil
                virtualTimes[first] = virtual
            }
        }
        if ids.count < limit { isIdle = true }
        return (ids, due.map { $0.at - now }.min())
    }

    private var nextTenant: Tenant? {
        ring.min { ($0.value, $0.key.rawValue) < ($1.value, $1.key.rawValue) }?.key
    }

    mutating func lease(_ ids: [RunID], token: String, until expiry: Duration) {
        for id in ids { leases[id] = (expiry, token) }
    }

    /// Keeps the leases of this token, and gives it those that nobody has.
    mutating func renew(_ held: [RunID], token: String, until expiry: Duration) {
        for id in held where (leases[id]?.token ?? token) == token { leases[id] = (expiry, token) }
    }

    mutating func reap(at now: Duration) -> Int {
        let expired = leases.filter { $0.value.expiry < now }.map(\.key)
        for id in expired {
            leases[id] = nil
            charges.remove(id)
        }
        return expired.count
    }

    mutating func markWhole() { isWhole = true }

    /// Everything is gone.
    mutating func flush() { self = ModelQueue() }
}
