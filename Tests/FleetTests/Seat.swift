import Synchronization

/// One of a few places for fleets under test: a hundred fleets at once would starve each other, and their
/// servers. It is given back with its last holder.
final class Seat: Sendable {
    private struct Room {
        var free = 12
        var queue: [CheckedContinuation<Void, Never>] = []
    }

    private static let room = Mutex(Room())

    private init() {}

    deinit {
        let next = Self.room.withLock { room -> CheckedContinuation<Void, Never>? in
            guard !room.queue.isEmpty else {
                room.free += 1
                return nil
            }
            return room.queue.removeFirst()
        }
        next?.resume()
    }

    /// Waits until there is one.
    static func taken() async -> Seat {
        await withCheckedContinuation { continuation in
            let isFree = room.withLock { room in
                guard room.free > 0 else {
                    room.queue.append(continuation)
                    return false
                }
                room.free -= 1
                return true
            }
            if isFree { continuation.resume() }
        }
        return Seat()
    }
}
