// An outside effect with a way to find it again. Between the call and the checkpoint a process can die, and
// the next attempt then cannot know whether the call was made. So the intent is written first, the next
// attempt looks before it acts, and what cannot be looked up is put before a person: nothing is guessed.

import FoundationEssentials

/// What a look-up knows about an effect that may have happened.
public enum LookedUp<Output: Sendable>: Sendable {
    /// It happened, with this result.
    case found(Output)
    /// It surely did not happen, and cannot happen any more by itself.
    case absent
    /// It cannot be told; a person must, for this reason.
    case unknowable(String)
}

extension LookedUp {
    /// What an outside world that keys or references can be asked by usually answers: the thing, or nothing.
    public init(_ known: Output?) { self = known.map { .found($0) } ?? .absent }
}

extension Flow {
    /// A step with an effect outside that must not happen twice: announced before `act`, and looked up first
    /// wherever an earlier attempt may have had it.
    ///
    /// `lookUp` finds the effect by `attempt.key` or a reference; it runs only on ambiguous attempts, and its
    /// errors are retried like those of `act`. Where it answers `.unknowable`, and where the policy ends
    /// without an answer, the step fails for good and `owner` must decide: the run becomes
    /// `needs_attention`. `undo` is as for `step`.
    public func effect<Output: Codable & Sendable>(
        _ step: W.Step, for item: some CustomStringConvertible & Sendable = "",
        retry: RetryPolicy = .standard, timeout: Duration? = nil, heartbeat: Duration? = nil,
        inDoubt owner: AttentionOwner = .operator,
        lookUp: @Sendable @escaping (Attempt) async throws -> LookedUp<Output>,
        act: @Sendable @escaping (Attempt) async throws -> Output,
        undo: (@Sendable (Output, Attempt) async throws -> Void)? = nil
    ) async throws -> Output {
        let key = StepKey(step.rawValue, item: "\(item)")
        var rules = StepRules(retry: retry, timeout: timeout, silence: heartbeat)
        rules.isBinding = true
        rules.doubtOwner = owner
        let output = try await perform(key, rules) { attempt in
            if attempt.isAmbiguous {
                switch try await lookUp(attempt) {
                case .found(let known): return known
                case .unknowable(let why): throw NeedsAttention(why, owner: owner, code: "effect_unknowable")
                case .absent: try session.checkWanted(key)
                }
            }
            try await attempt.announce()
            return try await act(attempt)
        }
        if let undo { register(undo, of: key, with: output) }
        return output
    }
}
