// What to do about the nominal times that are owed: a pure decision from the policies, what is owed, the
// time, and what is still running. The scheduler carries it out in one transaction.

import Foundation

/// What is known of a schedule when some of its nominal times are owed.
public struct FiringSituation: Sendable {
    /// Owed nominal times, rising: a window of them where there are very many.
    public var owed: [Occurrence]
    /// Whether more are owed after the window.
    public var hasMore = false
    public var now: Date
    /// Whether a run of this schedule is alive.
    public var isRunning = false
    /// Whether a firing waits for it already.
    public var hasQueued = false

    public init(owed: [Occurrence], now: Date) {
        self.owed = owed
        self.now = now
    }
}

/// What becomes of one nominal time. The raw values are stored.
public enum FiringOutcome: String, Sendable, Hashable, Codable {
    case started, queued, skipped
}

/// Why a nominal time was skipped. The raw values are stored.
public enum SkipReason: String, Sendable, Hashable, Codable {
    /// The fleet was not there in time and the catch-up policy leaves it out.
    case missed
    /// A run was alive, and the overlap policy leaves it out.
    case overlap
    /// A later one that was owed at the same time would have cancelled it at once.
    case superseded
}

/// What to do, in the order of the nominal times. Those of the window that are not named stay owed.
public struct FiringPlan: Sendable, Equatable {
    public struct Firing: Sendable, Equatable {
        public let occurrence: Occurrence
        public let outcome: FiringOutcome
        public let reason: SkipReason?
    }

    public var firings: [Firing] = []
    /// Whether runs of the schedule that are alive are to be cancelled first.
    public var cancelsRunning = false

    /// What is later than this was missed.
    public static let punctuality: Duration = .seconds(60)
    /// The most nominal times that are looked at together.
    public static let window = 1_000
}

extension Schedule {
    /// Decides what becomes of the owed nominal times.
    public func plan(_ situation: FiringSituation) -> FiringPlan {
        let caught = catching(situation)
        var plan = FiringPlan()
        var isRunning = situation.isRunning
        var hasQueued = situation.hasQueued
        let last = caught.last { $0.isWanted }?.occurrence
        for (occurrence, isWanted) in caught {
            guard isWanted else {
                plan.add(occurrence, .skipped, .missed)
                continue
            }
            switch overlap {
            case .allow: plan.add(occurrence, .started)
            case .cancelOther where occurrence != last: plan.add(occurrence, .skipped, .superseded)
            case .cancelOther:
                plan.cancelsRunning = isRunning
                plan.add(occurrence, .started)
            case .queueOne where hasQueued: plan.add(occurrence, .skipped, .overlap)
            case .queueOne where isRunning:
                hasQueued = true
                plan.add(occurrence, .queued)
            case .skip where isRunning: plan.add(occurrence, .skipped, .overlap)
            case .skip, .queueOne:
                isRunning = true
                plan.add(occurrence, .started)
            }
        }
        return plan
    }

    /// Which of the owed are wanted by the catch-up policy.
    private func catching(_ situation: FiringSituation) -> [(occurrence: Occurrence, isWanted: Bool)] {
        let owed = situation.owed
        switch catchUp {
        case .none:
            let earliest = situation.now.adding(.zero - FiringPlan.punctuality - spread)
            return owed.map { ($0, $0.instant >= earliest) }
        case .latest:
            // With more behind the window, the latest is not in it.
            return owed.map { ($0, !situation.hasMore && $0 == owed.last) }
        case .all(let limit):
            let skipped = max(0, owed.count - limit)
            if situation.hasMore { return owed.prefix(skipped).map { ($0, false) } }
            return owed.enumerated().map { ($1, $0 >= skipped) }
        }
    }
}

extension FiringPlan {
    fileprivate mutating func add(
        _ occurrence: Occurrence, _ outcome: FiringOutcome, _ reason: SkipReason? = nil
    ) {
        firings.append(Firing(occurrence: occurrence, outcome: outcome, reason: reason))
    }
}
