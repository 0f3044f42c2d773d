/// How many tests of a process work at once.
///
/// Swift Testing starts all of them together. Two hundred that share two cores and one Postgres each take
/// minutes for what takes a second alone, and leases and time-outs end that no test meant to end. So a test
/// that opens a world of its own waits for a place; who came first goes first.
package actor TestPlaces {
    package static let shared = TestPlaces(6)

    private var free: Int
    private var waiting: [CheckedContinuation<Void, Never>] = []

    package init(_ count: Int) { free = count }

    /// Opens a world, runs `body` in it and closes it, whatever `body` does. A world that is opened within
    /// another needs no second place.
    package nonisolated func with<World: Sendable, Value: Sendable>(
        _ open: @Sendable () async throws -> World, close: @Sendable (World) async throws -> Void,
        _ body: (World) async throws -> Value
    ) async throws -> Value {
        if Self.isHeld { return try await Self.live(open, close, body) }
        await take()
        do {
            let value = try await Self.$isHeld.withValue(true) { try await Self.live(open, close, body) }
            await give()
            return value
        } catch {
            await give()
            throw error
        }
    }

    @TaskLocal private static var isHeld = false

    private static func live<World: Sendable, Value: Sendable>(
        _ open: @Sendable () async throws -> World, _ close: @Sendable (World) async throws -> Void,
        _ body: (World) async throws -> Value
    ) async throws -> Value {
        let world = try await open()
        do {
            let value = try await body(world)
            try await close(world)
            return value
        } catch {
            try? await close(world)
            throw error
        }
    }

    private func take() async {
        if free > 0 {
            free -= 1
        } else {
            await withCheckedContinuation { waiting.append($0) }
        }
    }

    private func give() {
        if waiting.isEmpty { free += 1 } else { waiting.removeFirst().resume() }
    }
}
