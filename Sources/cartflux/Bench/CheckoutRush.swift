import Foundation

/// What has become of the runs of a rush so far.
struct RushNews: Sendable {
    /// What could be paid: an intent at Stripe, or the id of a mirror that waits.
    let payable: [String]
    let ended: Int
}

/// How fast a rush went.
struct RushPace: Sendable {
    let elapsed: Duration
    /// When each was paid, by the bench's clock, which is the machine's.
    let paidAt: [String: Date]

    /// From the payment to the end that somebody else has recorded.
    func waits(until endedAt: [String: Date]) -> LatencyHistogram {
        var waits = LatencyHistogram()
        for (payment, paid) in paidAt {
            guard let ended = endedAt[payment] else { continue }
            waits.record(nanoseconds: Int(ended.timeIntervalSince(paid) * 1_000_000_000))
        }
        return waits
    }
}

/// Keeps so many runs under way until all have ended: begins one for each that ends, and pays what can be
/// paid. Real checkouts and their mirrors go through the same one.
struct CheckoutRush: Sendable {
    let count: Int
    let atOnce: Int
    let begin: @Sendable (Int) async throws -> Void
    let pay: @Sendable (String) async throws -> Void
    let look: @Sendable () async throws -> RushNews

    private static let patience: Duration = .seconds(180)
    /// Between looks. Shoppers are no faster, and looking more often would be part of what is measured.
    private static let pause: Duration = .milliseconds(20)

    func run(in database: BenchDatabase) async throws -> RushPace {
        let clock = ContinuousClock.now
        return try await withThrowingDiscardingTaskGroup { group in
            var begun = 0
            var ended = 0
            var paidAt: [String: Date] = [:]
            let isDone = try await database.poll(upTo: Self.patience, every: Self.pause) {
                let news = try await look()
                ended = news.ended
                for payment in news.payable where paidAt[payment] == nil {
                    paidAt[payment] = Date()
                    group.addTask { try await pay(payment) }
                }
                for number in begun..<max(begun, min(count, ended + atOnce)) {
                    group.addTask { try await begin(number) }
                    begun = number + 1
                }
                // The first failure is what the group throws.
                return ended >= count || group.isCancelled
            }
            guard isDone else { throw BenchError.stuck(live: count - ended, Self.patience) }
            return RushPace(elapsed: ContinuousClock.now - clock, paidAt: paidAt)
        }
    }
}
