// The end of a run that did not succeed. What it did is undone, newest first, each by a durable step of its
// own; a failure to undo stops nothing, because the rest must still be undone. A run is clean only if nothing
// is left over, and whatever is left is named to a person: what could not be undone, what may have happened
// without anybody knowing, a child that is in such a state itself.

import FoundationEssentials

extension RunExecution {
    /// Undoes and ends the run; nil where the pass must be repeated.
    func end(after error: any Error) async throws -> Departure? {
        let failure = FailureRecord(error, step: nil)
        // What to do with the finished steps is part of what the person must decide.
        if failure.owner != nil { return try await finish(.needsAttention(failure)) }
        let (entries, open) = session.withState { state in
            state.isUndoing = true
            return (state.undo, state.openEffects)
        }
        var leftovers = open.map { Leftover("\($0): whether its effect happened is not known") }
        for entry in entries.reversed() {
            do {
                leftovers += try await entry.perform(session, failure)
            } catch let left as StepFailed {
                leftovers.append(Leftover(entry.key, left.failure))
            } catch {
                if let departure = try await leaveIfSealed() { return departure.value }
                throw error
            }
        }
        guard leftovers.isEmpty else {
            return try await finish(.needsAttention(Self.unclean(failure, leftovers)))
        }
        if let cancelled = error as? RunCancelled {
            return try await finish(.cancelled(reason: cancelled.reason))
        }
        return try await finish(.failed(failure))
    }

    private static func unclean(_ failure: FailureRecord, _ leftovers: [Leftover]) -> FailureRecord {
        let count = leftovers.count == 1 ? "" : "\(leftovers.count) things: "
        let names = leftovers.map(\.what).joined(separator: "; ")
        return FailureRecord(
            code: failure.code, message: "\(failure.message); could not undo \(count)\(names)",
            step: failure.step, owner: leftovers.compactMap(\.owner).first ?? .operator)
    }
}

extension RetryPolicy {
    /// Twenty attempts over about a day: an undo should succeed, but a person should hear of it if it cannot.
    public static let undo = RetryPolicy(
        attempts: 20, within: .seconds(86_400), base: .seconds(1), cap: .seconds(3_600))
}
