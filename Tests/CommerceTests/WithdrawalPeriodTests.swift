import Commerce
import Foundation
import Testing

@Suite struct WithdrawalPeriodTests {
    private func date(_ text: String) throws -> Date { try Date(text, strategy: .iso8601) }

    @Test(
        "the day of the arrival does not count, and a weekend moves the end to Monday night",
        arguments: [
            // A Tuesday; two weeks later is a Tuesday.
            ("2026-11-24T10:00:00Z", "2026-12-09T01:00:00Z"),
            // A Friday.
            ("2026-11-27T23:30:00Z", "2026-12-12T01:00:00Z"),
            // A Saturday: the end moves to Monday night.
            ("2026-11-28T10:00:00Z", "2026-12-15T01:00:00Z"),
            // A Sunday.
            ("2026-11-29T10:00:00Z", "2026-12-15T01:00:00Z"),
        ])
    func end(arrival: String, end: String) throws {
        #expect(WithdrawalPeriod(days: 14).end(afterArrival: try date(arrival)) == (try date(end)))
    }

    @Test("a store may grant more than the law, never less")
    func days() {
        #expect(WithdrawalPeriod(days: 7).days == 14)
        #expect(WithdrawalPeriod(days: 30).days == 30)
        #expect(WithdrawalPeriod(days: nil).days == 14)
    }
}
