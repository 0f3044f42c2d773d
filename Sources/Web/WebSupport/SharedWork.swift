// One piece of work for all who need the same at the same time. The first one does it; who comes meanwhile
// waits for what it finds. When it fails, nobody queues behind the failure: each of those who waited does the
// work for himself, as if there had been no first one. When the first one only went away, the next takes
// over.

import Synchronization

final class SharedWork<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    private enum Turn: Sendable {
        case first
        case alone
        case done(Value)
    }

    private let waiting = Mutex<[Key: [CheckedContinuation<Turn, Never>]]>([:])

    /// The value, and whether somebody else made it.
    ///
    /// A visitor who goes away still waits for the first one, which always ends: its statements have time
    /// limits of their own.
    func value(
        for key: Key, _ make: @Sendable () async throws -> Value
    ) async throws -> (value: Value, isShared: Bool) {
        switch await turn(key) {
        case .done(let value): return (value, true)
        case .alone: return (try await make(), false)
        case .first:
            do {
                let value = try await make()
                finish(key, .done(value))
                return (value, false)
            } catch {
                if error is CancellationError || Task.isCancelled {
                    passOn(key)
                } else {
                    finish(key, .alone)
                }
                throw error
            }
        }
    }

    /// Who waits at this moment.
    func waitingCount(for key: Key) -> Int { waiting.withLock { $0[key]?.count ?? 0 } }

    private func turn(_ key: Key) async -> Turn {
        await withCheckedContinuation { continuation in
            let isFirst = waiting.withLock { waiting in
                guard waiting[key] != nil else {
                    waiting[key] = []
                    return true
                }
                waiting[key]?.append(continuation)
                return false
            }
            if isFirst { continuation.resume(returning: .first) }
        }
    }

    /// The first one has gone away, which says nothing about the work: the next begins it for all others.
    private func passOn(_ key: Key) {
        let next = waiting.withLock { waiting -> CheckedContinuation<Turn, Never>? in
            guard waiting[key]?.isEmpty == false else {
                waiting[key] = nil
                return nil
            }
            return waiting[key]?.removeFirst()
        }
        next?.resume(returning: .first)
    }

    private func finish(_ key: Key, _ turn: Turn) {
        for continuation in waiting.withLock({ $0.removeValue(forKey: key) }) ?? [] {
            continuation.resume(returning: turn)
        }
    }
}
