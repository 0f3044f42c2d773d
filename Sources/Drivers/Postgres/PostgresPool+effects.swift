internal import Logging
internal import Synchronization

// What `PoolState` decides is done here: connections are opened and closed, those who wait are resumed, and
// the clock is watched.

extension PostgresPool {
    func perform(_ action: PoolState.Action) {
        switch action {
        case .none, .wait: break
        case .lend(let id, let request): lend(id, to: request)
        case .refuse(let request, let refusal): refuse(request, refusal)
        case .close(let id): forget(id)
        case .open(let id):
            // Ends by itself within the connect timeout; `shutdown` waits for it.
            Task { await self.open(id) }
        case .retry(let id, let instant):
            // Ends by itself after at most two seconds; `shutdown` waits for it.
            Task {
                // Not cancelled by anybody, so it cannot throw.
                try? await Task.sleep(until: instant, clock: .continuous)
                self.perform(self.state.withLock { $0.pool.retryDue(id) })
                self.noteDrained()
            }
        }
    }

    private func lend(_ id: PoolState.ConnectionID, to request: PoolState.RequestID) {
        let (continuation, connection) = state.withLock { state in
            (state.waiters.removeValue(forKey: request), state.connections[id])
        }
        guard let connection else { preconditionFailure("the pool lent a connection that it does not have") }
        continuation?.resume(returning: .success(Lease(id: id, connection: connection)))
    }

    private func refuse(_ request: PoolState.RequestID, _ refusal: PoolState.Refusal) {
        let (continuation, error) = state.withLock { state in
            (state.waiters.removeValue(forKey: request), Self.error(for: refusal, state))
        }
        continuation?.resume(returning: .failure(error))
    }

    private static func error(for refusal: PoolState.Refusal, _ state: State) -> PostgresError {
        switch refusal {
        case .closed: .poolClosed
        case .cannotConnect: state.lastFailure ?? .poolClosed
        case .timeout:
            .poolTimeout(
                PoolTimeout(
                    waited: state.pool.waitLimit, size: state.pool.size,
                    lastFailure: state.lastFailure.map { "\($0)" }))
        }
    }

    /// The connection's actor closes the socket when the last reference is gone.
    private func forget(_ id: PoolState.ConnectionID) {
        let (connection, action) = state.withLock { state in
            (state.connections.removeValue(forKey: id), state.pool.openIfWanted())
        }
        // Kept until here, so that closing a socket does not happen under the lock.
        _ = connection
        perform(action)
        noteDrained()
    }

    private func open(_ id: PoolState.ConnectionID) async {
        do throws(PostgresError) {
            let connection = try await PostgresConnection.connect(configuration)
            let action = state.withLock { state in
                state.connections[id] = connection
                state.lastFailure = nil
                return state.pool.opened(id)
            }
            perform(action)
        } catch {
            let isTemporary = if case .connection(let failure) = error { failure.isTemporary } else { false }
            logger.warning(
                "no connection to Postgres", metadata: ["server": "\(configuration)", "error": "\(error)"])
            let actions = state.withLock { state in
                state.lastFailure = error
                return state.pool.openFailed(
                    id, isTemporary: isTemporary, now: .now, jitter: .random(in: 0...1))
            }
            for action in actions { perform(action) }
        }
        noteDrained()
    }

    private func noteDrained() {
        let waiting = state.withLock { state in
            guard state.pool.isDrained else { return [CheckedContinuation<Void, Never>]() }
            defer { state.drained = [] }
            return state.drained
        }
        for continuation in waiting { continuation.resume() }
    }

    // MARK: The clock

    /// One timer for all who wait: as they all wait equally long, the first in line is the first to give up.
    func startTimer() {
        let mustStart = state.withLock { state in
            guard !state.hasTimer, state.pool.nextDeadline != nil else { return false }
            state.hasTimer = true
            return true
        }
        guard mustStart else { return }
        // Ends by itself when nobody waits any more.
        Task {
            while let deadline = self.nextDeadline() {
                // Not cancelled by anybody, so it cannot throw.
                try? await Task.sleep(until: deadline, clock: .continuous)
                for action in self.state.withLock({ $0.pool.expired(now: .now) }) { self.perform(action) }
            }
        }
    }

    private func nextDeadline() -> ContinuousClock.Instant? {
        state.withLock { state in
            let deadline = state.pool.nextDeadline
            if deadline == nil { state.hasTimer = false }
            return deadline
        }
    }
}
