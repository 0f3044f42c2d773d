// The worker's bookkeeping as a plain struct: which runs it holds, which it is done with, whether it should
// look for more. `Worker` asks it what to do next and does it.

import Durable

struct WorkerState {
    enum Next: Sendable {
        /// Give `done` back to the dispatcher and ask for up to `free` runs, and beyond them for up to
        /// `spare` of tenants that have none in flight.
        case exchange(done: [RunID], free: Int, spare: Int)
        /// Own runs again that were leased to this worker while it was still leaving them.
        case own([RunID])
        case sleep
        case stop
    }

    private let slots: Int
    /// Beyond the slots, for tenants that have nothing in flight: somebody's long runs do not hold them up.
    private let spareSlots: Int
    private var held: [RunID: RunSession?] = [:]
    /// To be given back. A set: while the dispatcher is away a run can come and go here more than once, and
    /// its lease there is still one.
    private var done: Set<RunID> = []
    /// Leased again while still held: their end here and their next start crossed.
    private var leasedAgain: Set<RunID> = []
    private var reclaimed: [RunID] = []
    private var mayHaveMore = true
    private(set) var isStopping = false

    init(slots: Int) {
        self.slots = slots
        spareSlots = max(1, slots / 8)
    }

    var sessions: [RunSession] { held.values.compactMap { $0 } }
    var heldIDs: [RunID] { Array(held.keys) }
    var heldCount: Int { held.count }

    /// The bell, a timer or the fallback poll says that there may be work.
    mutating func rang() { mayHaveMore = true }
    mutating func stop() { isStopping = true }

    mutating func next() -> Next {
        let free = max(0, slots - held.count)
        let spare = max(0, slots + spareSlots - max(held.count, slots))
        if !reclaimed.isEmpty {
            defer { reclaimed = [] }
            return .own(reclaimed)
        }
        if isStopping {
            guard done.isEmpty else { return exchange(free: 0, spare: 0) }
            return held.isEmpty ? .stop : .sleep
        }
        if !done.isEmpty || (mayHaveMore && free + spare > 0) { return exchange(free: free, spare: spare) }
        return .sleep
    }

    private mutating func exchange(free: Int, spare: Int) -> Next {
        defer { done = [] }
        return .exchange(done: Array(done), free: free, spare: spare)
    }

    /// Takes the ids that the dispatcher leased to this worker, without those it holds already.
    mutating func leased(_ ids: [RunID], wanted: Int) -> [RunID] {
        mayHaveMore = ids.count >= wanted && wanted > 0
        let new = ids.filter { held[$0] == nil }
        leasedAgain.formUnion(ids.filter { held[$0] != nil })
        for id in new { held[id] = .some(nil) }
        // In use again: giving it back now would free a place in its tenant's cap that it still takes.
        done.subtract(new)
        return new
    }

    /// Nothing came of an exchange; what was done must be said again.
    mutating func exchangeFailed(done: [RunID]) {
        // A stopping worker does not wait for a dispatcher that is away: its leases there end by themselves.
        if !isStopping { self.done.formUnion(done.filter { held[$0] == nil }) }
        mayHaveMore = true
    }

    mutating func began(_ session: RunSession) { held[session.run.id] = session }

    mutating func left(_ id: RunID) {
        held[id] = nil
        mayHaveMore = true
        guard leasedAgain.remove(id) != nil, !isStopping else {
            done.insert(id)
            return
        }
        held[id] = .some(nil)
        reclaimed.append(id)
    }
}
