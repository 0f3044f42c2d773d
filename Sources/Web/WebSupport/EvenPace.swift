// Answers of which the time must not tell what was found. Whether an address has an account decides how much
// is to be done, and a stranger with a stopwatch could read that; so the answer goes out on the next beat,
// counted from the request. Doing the same work in both cases was rejected: a letter that nobody gets would
// have to be written and committed. A letter that is sent after the answer would be lost with the process.

package enum EvenPace {
    /// Several times what the work takes; beyond it the following beat is waited for.
    static let beat: Duration = .milliseconds(250)

    /// Does the work and waits for the beat. What fails is thrown at once.
    package static func keep(_ work: () async throws -> Void) async throws {
        let start = ContinuousClock.now
        try await work()
        try await Task.sleep(for: rest(after: start.duration(to: .now)), clock: .continuous)
    }

    /// How long it is to the next beat.
    static func rest(after elapsed: Duration) -> Duration {
        beat * (Int(elapsed / beat) + 1) - elapsed
    }
}
