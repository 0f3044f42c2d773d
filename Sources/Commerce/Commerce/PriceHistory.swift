import FoundationEssentials

/// The prices that a product was offered at, for the rule that a reduction is announced against the lowest
/// price of the thirty days before it (Directive 98/6/EC, article 6a). One currency, one channel.
package struct PriceHistory: Sendable, Hashable {
    package struct Entry: Sendable, Hashable {
        package let price: Money
        package let from: Date

        package init(price: Money, from: Date) {
            self.price = price
            self.from = from
        }
    }

    /// In days of 86,400 seconds: the law counts days, not clock changes.
    package static let window: TimeInterval = 30 * 86_400

    /// From the oldest to the newest.
    private let entries: [Entry]

    package init(_ entries: [Entry]) {
        self.entries = entries.sorted { $0.from < $1.from }
    }

    /// The history as it would be with one more price from `moment` on.
    package func setting(_ price: Money, at moment: Date) -> PriceHistory {
        PriceHistory(entries + [Entry(price: price, from: moment)])
    }

    /// The newest first.
    package var latest: [Entry] { entries.reversed() }

    /// The price in force at a moment; nil before the first.
    package func price(at moment: Date) -> Money? { entries.last { $0.from <= moment }?.price }

    /// The lowest price in force during the thirty days that end at `moment`, the price at their beginning
    /// included. Of goods that are newer than that, the lowest since they were first offered; nil where there
    /// is no price before `moment`.
    package func lowest(before moment: Date) -> Money? {
        let start = moment.addingTimeInterval(-Self.window)
        let within = entries.filter { $0.from > start && $0.from < moment }.map(\.price)
        let atStart = price(at: start).map { [$0] } ?? []
        return (atStart + within).min()
    }

    /// What may be shown beside the price at `now`: when the price in force is a reduction, the lowest one of
    /// the thirty days before it began. Steps down that follow each other within that time are one reduction,
    /// against what stood before the first of them.
    package func reference(at now: Date) -> Money? {
        guard var place = entries.lastIndex(where: { $0.from <= now }) else { return nil }
        let current = entries[place]
        var began = current
        let earliest = now.addingTimeInterval(-Self.window)
        while place > 0, entries[place - 1].price > entries[place].price, entries[place].from > earliest {
            began = entries[place]
            place -= 1
        }
        guard let lowest = lowest(before: began.from), lowest > current.price else { return nil }
        return lowest
    }
}
