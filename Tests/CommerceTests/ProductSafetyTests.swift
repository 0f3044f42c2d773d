import Foundation
import Testing

@testable import Commerce

@Suite("What has to stand beside an offer")
struct ProductSafetyTests {
    private static let day: TimeInterval = 86_400
    private static let now = Date(timeIntervalSince1970: 1_795_000_000)

    @Test("goods may be listed once their maker is known, and outside the Union whoever answers for it")
    func needs() {
        var safety = ProductSafety()
        #expect(safety.missing == [.manufacturer, .address, .contact])
        safety.manufacturer = "Works SL"
        safety.address = "Calle 1"
        safety.contact = ""
        #expect(safety.missing == [.contact])
        #expect(ProductSafety.reason(lacking: safety.missing).contains("e-mail or web address"))
        safety.contact = "a@b.test"
        #expect(safety.isListable)
        safety.country = CountryCode(unchecked: "CN")
        #expect(safety.missing == [.responsiblePerson])
        safety.responsiblePerson = "Near BV"
        #expect(safety.isListable)
    }

    private func history(_ prices: [(day: Int, price: Int64)]) -> PriceHistory {
        PriceHistory(
            prices.map {
                .init(price: .eur($0.price), from: Self.now.addingTimeInterval(Double($0.day) * Self.day))
            })
    }

    @Test("a reduction is announced in whole percent of the lowest price before, never rounded up")
    func reduction() {
        let reduced = history([(-100, 2000), (-5, 1501)])

        #expect(reduced.reduction(to: .eur(1501), at: Self.now)?.lowestBefore == .eur(2000))
        #expect(reduced.reduction(to: .eur(1501), at: Self.now)?.percent == 24)
        // The history does not know this price yet.
        #expect(reduced.reduction(to: .eur(1400), at: Self.now) == nil)
        // Less than one percent is no news.
        #expect(history([(-100, 2000), (-5, 1981)]).reduction(to: .eur(1981), at: Self.now) == nil)
        #expect(history([(-100, 2000)]).reduction(to: .eur(2000), at: Self.now) == nil)
    }
}
