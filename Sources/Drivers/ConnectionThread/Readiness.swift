internal import Glibc

/// What a descriptor is ready for, or why a wait has ended.
public struct Readiness: OptionSet, Sendable {
    public let rawValue: UInt8
    public init(rawValue: UInt8) { self.rawValue = rawValue }

    public static let readable = Readiness(rawValue: 1)
    public static let writable = Readiness(rawValue: 2)
    /// The other side is gone or the descriptor is broken; reading tells which.
    public static let closed = Readiness(rawValue: 4)
    /// Somebody called ``ConnectionThread/wake()``.
    public static let woken = Readiness(rawValue: 8)

    /// Waits on the calling thread, which must be one that may block. Empty when the deadline has passed.
    public static func wait(
        _ descriptor: Int32, for interest: Readiness, until deadline: ContinuousClock.Instant?
    ) -> Readiness {
        wait(descriptor, for: interest, bell: nil, until: deadline)
    }

    /// Looks without waiting, so it may be called from any thread: costs one system call.
    public static func now(_ descriptor: Int32, for interest: Readiness) -> Readiness {
        var entry = pollfd(fd: descriptor, events: interest.events, revents: 0)
        return Glibc.poll(&entry, 1, 0) > 0 ? Readiness(events: entry.revents) : []
    }

    static func wait(
        _ descriptor: Int32, for interest: Readiness, bell: Int32?, until deadline: ContinuousClock.Instant?
    ) -> Readiness {
        // A negative descriptor is ignored by poll, which is how a wait without a bell is written.
        var entries = (
            pollfd(fd: descriptor, events: interest.events, revents: 0),
            pollfd(fd: bell ?? -1, events: Int16(POLLIN), revents: 0)
        )
        while true {
            let count = withUnsafeMutablePointer(to: &entries) { pair in
                pair.withMemoryRebound(to: pollfd.self, capacity: 2) {
                    Glibc.poll($0, 2, milliseconds(until: deadline))
                }
            }
            if count < 0, errno == EINTR { continue }
            if count < 0 { return .closed }
            if count == 0 {
                // A wait longer than poll can express ends early and goes on.
                if let deadline, deadline > .now { continue }
                return []
            }
            var result = Readiness(events: entries.0.revents)
            if entries.1.revents != 0, let bell {
                WakeUp.silence(bell)
                result.insert(.woken)
            }
            return result
        }
    }

    private static func milliseconds(until deadline: ContinuousClock.Instant?) -> Int32 {
        guard let deadline else { return -1 }
        let rest = deadline - .now
        guard rest > .zero else { return 0 }
        let (seconds, attoseconds) = rest.components
        // Rounded up: a wait must not end a moment before its deadline and then spin.
        let milliseconds = Int64(clamping: seconds).multipliedReportingOverflow(by: 1000)
        if milliseconds.overflow { return .max }
        return Int32(clamping: milliseconds.partialValue &+ attoseconds / 1_000_000_000_000_000 + 1)
    }

    private var events: Int16 {
        var events = Self.peerClosed
        if contains(.readable) { events |= POLLIN }
        if contains(.writable) { events |= POLLOUT }
        return Int16(events)
    }

    private init(events: Int16) {
        let events = Int32(events)
        var value: UInt8 = 0
        if events & POLLIN != 0 { value |= Readiness.readable.rawValue }
        if events & POLLOUT != 0 { value |= Readiness.writable.rawValue }
        if events & (POLLHUP | POLLERR | POLLNVAL | Self.peerClosed) != 0 {
            value |= Readiness.closed.rawValue
        }
        rawValue = value
    }

    /// Linux's value; the overlay does not import it.
    private static let peerClosed: Int32 = 0x2000
}
