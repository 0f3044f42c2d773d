// A clock for the shop that somebody can move, so that a month ends while one watches. How far it is ahead
// stands in a small file, because all processes of a demo have to move together; each looks into it a few
// times a second. Only what business decides goes by this clock: dates on papers, deadlines, whether a month
// is over. The engine's timers, schedules and leases stay on the database's clock, and the web's sessions,
// one-time codes and webhook signatures on the machine's, since whoever is at the other end has no other.

import Durable
import Foundation
import Synchronization

/// The machine's time and as many seconds more as a file says.
final class BusinessClock: DurableClock {
    private struct Reading {
        var ahead: Duration
        var readAt: ContinuousClock.Instant
    }

    /// How long a reading counts. A step that begins later than this after a move sees the new time.
    static let freshness: Duration = .milliseconds(200)
    private let path: String
    private let system = SystemClock()
    private let last: Mutex<Reading>

    private init(path: String, ahead: Duration) {
        self.path = path
        last = Mutex(Reading(ahead: ahead, readAt: .now))
    }

    /// The clock that the settings name: the machine's, unless a file is named. With a live key that is
    /// refused: an invoice with a wrong date cannot be taken back.
    static func named(by settings: Settings) throws(SettingProblem) -> any DurableClock {
        guard let path = settings.optional(.clockFile) else { return SystemClock() }
        guard settings.optional(.stripeKey)?.hasPrefix("sk_test_") == true else {
            throw SettingProblem(
                variable: .clockFile, reason: "is for test keys alone, and STRIPE_SECRET_KEY is none")
        }
        guard let ahead = read(path) else {
            throw SettingProblem(variable: .clockFile, reason: "must name a file with a number of seconds")
        }
        return BusinessClock(path: path, ahead: ahead)
    }

    var now: Date { system.now.adding(ahead) }
    var uptime: Duration { system.uptime }
    func sleep(for duration: Duration) async throws { try await system.sleep(for: duration) }

    private var ahead: Duration {
        last.withLock { last in
            guard last.readAt.duration(to: .now) >= Self.freshness else { return last.ahead }
            // A file that cannot be read for a moment leaves the clock where it is.
            last = Reading(ahead: Self.read(path) ?? last.ahead, readAt: .now)
            return last.ahead
        }
    }

    /// Sets the clock ahead for every process that was given this file.
    static func move(_ path: String, ahead seconds: Int64) throws {
        try Data("\(seconds)\n".utf8).write(to: URL(filePath: path), options: .atomic)
    }

    private static func read(_ path: String) -> Duration? {
        // What cannot be read is no number either; the caller says what is right.
        guard let text = try? String(contentsOfFile: path, encoding: .utf8) else { return nil }
        return Int64(text.trimmingCharacters(in: .whitespacesAndNewlines)).map { .seconds($0) }
    }
}
