// The zone in which one reader is told instants: in lists, titles, axes and what they type into filters. It
// is bound for the time of a request, since nearly everything on a page tells some instant; the choice is a
// cookie, as that of colours is. What a schedule says stays in the schedule's own zone.

import Foundation
import WebSupport

enum ReaderZone {
    @TaskLocal static var current = TimeZone.gmt

    static let cookie = "cartflux-zone"
    private static let lifetimeSeconds = 365 * 24 * 3600
    private static let known = Set(TimeZone.knownTimeZoneIdentifiers)

    static let choices = ["UTC"] + known.filter { $0.contains("/") }.sorted()

    /// What the browser chose; UTC where it chose nothing, or a zone that is not known here.
    static func of(_ request: WebRequest) -> TimeZone {
        request.cookie(cookie).flatMap { PercentCoding.decode($0.utf8) }.flatMap(named) ?? .gmt
    }

    static func named(_ name: String) -> TimeZone? {
        name == "UTC" ? .gmt : known.contains(name) ? TimeZone(identifier: name) : nil
    }

    /// The `Set-Cookie` header that keeps the choice.
    static func line(_ name: String, on request: WebRequest) -> String {
        "\(cookie)=\(PercentCoding.encode(name)); Path=/; Max-Age=\(lifetimeSeconds); HttpOnly; SameSite=Lax"
            + (request.isSecure ? "; Secure" : "")
    }

    /// As people call it.
    static var title: String { isUTC ? "UTC" : current.identifier }

    private static var isUTC: Bool { current == .gmt }

    /// What the zone is called at that instant, which changes with daylight saving.
    static func name(at instant: Date) -> String {
        isUTC ? "UTC" : current.abbreviation(for: instant) ?? current.identifier
    }

    /// `2026-11-22 20:14:05.123` by the reader's clock.
    static func clock(_ instant: Date) -> String { text(instant, in: current) }

    /// `22 Nov 2026 20:14:05 EET (18:14:05 UTC)`.
    static func whole(_ instant: Date) -> String {
        let own = text(instant, in: current)
        let month = Int(own.dropFirst(5).prefix(2)).map { months[$0 - 1] } ?? ""
        let day = own.dropFirst(8).prefix(2)
        let told = "\(day) \(month) \(own.prefix(4)) \(own.dropFirst(11).prefix(8)) \(name(at: instant))"
        return isUTC ? told : "\(told) (\(text(instant, in: .gmt).dropFirst(11).prefix(8)) UTC)"
    }

    private static let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]

    private static func text(_ instant: Date, in zone: TimeZone) -> String {
        let style = Date.ISO8601FormatStyle(timeZone: zone).year().month().day()
            .time(includingFractionalSeconds: true)
        return instant.formatted(style).replacing("T", with: " ")
    }

    /// Reads `2026-11-22 20:14`, with or without seconds, by the reader's clock.
    static func instant(_ text: String) -> Date? {
        // A longer text names a zone of its own.
        guard text.count == 16 || text.count == 19 else { return nil }
        let padded = text.replacing(" ", with: "T") + (text.count == 16 ? ":00" : "")
        let style = Date.ISO8601FormatStyle(timeZone: current).year().month().day()
            .time(includingFractionalSeconds: false)
        // What is no such time may still be another one.
        return try? Date(padded, strategy: style)
    }
}
