import Testing

@testable import Commerce

@Suite struct MoneyTests {
    @Test(
        "an amount is read exactly and written back",
        arguments: [
            ("14.02", 1402), ("0.5", 50), ("0.05", 5), ("-3.10", -310), ("+7", 700),
            ("1000000.00", 100_000_000),
            ("12.340", 1234), ("1.5e2", 15000), ("  8.58 ", 858), ("0", 0), ("000.10", 10),
        ] as [(String, Int64)])
    func readsExactly(text: String, minorUnits: Int64) throws {
        let amount = try Money(exactly: text, .eur)

        #expect(amount == .eur(minorUnits))
        #expect(try Money(exactly: amount.decimalText, .eur) == amount)
    }

    @Test(
        "what is not an amount is refused with a reason",
        arguments: [
            "", ".", "1.", ".5", "1,50", "12.345", "abc", "--1", "1.2.3", "1e99", "0x10", "٣.٥",
            "99999999999999999999", "1 000",
        ])
    func refusesNonsense(text: String) {
        #expect(throws: CommerceError.self) { try Money(exactly: text, .eur) }
    }

    @Test("a decimal comma is read where it is asked for")
    func readsComma() throws {
        #expect(try Money(exactly: "14,02", .ron, separator: ",") == .ron(1402))
    }

    @Test("an amount a vendor computed in binary is rounded half up")
    func roundsVendorAmounts() throws {
        #expect(try Money("9.809999999999999", .eur, rounding: .halfUp) == .eur(981))
        #expect(try Money("0.005", .eur, rounding: .halfUp) == .eur(1))
        #expect(try Money("-0.005", .eur, rounding: .halfUp) == .eur(-1))
        #expect(try Money("0.0049", .eur, rounding: .halfUp) == .eur(0))
        #expect(try Money("1e-20", .eur, rounding: .halfUp) == .eur(0))
    }

    @Test("currencies have their own number of decimals")
    func minorDigits() throws {
        let yen = try Currency(parsing: "jpy")

        #expect(Money(minorUnits: 1500, currency: yen).description == "1500 JPY")
        #expect(try Money(exactly: "1500", yen).minorUnits == 1500)
        #expect(throws: CommerceError.self) { try Money(exactly: "1500.5", yen) }
        #expect(try Currency(parsing: "KWD").minorDigits == 3)
        #expect(Money(minorUnits: -5, currency: try Currency(parsing: "KWD")).decimalText == "-0.005")
    }

    @Test(
        "a division is rounded as it is named",
        arguments: [
            (5, 2, 3, 2, 3), (-5, 2, -3, -2, -3), (7, 3, 2, 2, 3), (8, 3, 3, 2, 3), (6, 3, 2, 2, 2),
            (-1, 3, 0, 0, -1),
            (5, -2, -3, -2, -3), (0, 7, 0, 0, 0), (1, 2, 1, 0, 1),
        ])
    func rounds(numerator: Int, denominator: Int, halfUp: Int, towardZero: Int, awayFromZero: Int) {
        let (top, bottom) = (Int128(numerator), Int128(denominator))

        #expect(Rounding.halfUp.quotient(top, over: bottom) == Int128(halfUp))
        #expect(Rounding.towardZero.quotient(top, over: bottom) == Int128(towardZero))
        #expect(Rounding.awayFromZero.quotient(top, over: bottom) == Int128(awayFromZero))
    }

    @Test("a split favours the largest remainders and then the earlier part")
    func splits() {
        #expect(Money.eur(100).split(by: [1, 1, 1]) == [.eur(34), .eur(33), .eur(33)])
        #expect(Money.eur(747).split(by: [7470]) == [.eur(747)])
        #expect(Money.eur(-100).split(by: [1, 1, 1]) == [.eur(-34), .eur(-33), .eur(-33)])
        #expect(Money.eur(10).split(by: [0, 3, 7]) == [.eur(0), .eur(3), .eur(7)])
        #expect(Money.eur(3).split(by: [0, 0]) == [.eur(2), .eur(1)])
        #expect(Money.eur(5).split(by: [1, 2, 4]) == [.eur(1), .eur(1), .eur(3)])
    }

    @Test("the parts of a split add up, whatever the weights", arguments: seeds)
    func splitsAddUp(seed: UInt64) {
        var random = SeededRandom(seed)
        let amount = Money.eur(Int64(random.int(-1_000_000...1_000_000)))
        let weights = (0..<random.int(1...12)).map { _ in Int64(random.int(0...5000)) }

        let parts = amount.split(by: weights)

        #expect(parts.total(.eur) == amount, "seed \(seed)")
        let sum = weights.reduce(Int128(0)) { $0 + Int128($1) }
        for (part, weight) in zip(parts, weights) where sum > 0 {
            let error = Int128(part.minorUnits) * sum - Int128(amount.minorUnits) * Int128(weight)
            #expect(error.magnitude < sum.magnitude, "seed \(seed): a part is off by a whole minor unit")
        }
    }

    @Test("shares of pieces add up in any partition", arguments: seeds)
    func sharesAddUp(seed: UInt64) {
        var random = SeededRandom(seed)
        let amount = Money.ron(Int64(random.int(0...100_000)))
        let pieces = random.int(1...99)
        var taken = 0
        var total = Money.ron(0)

        while taken < pieces {
            let count = random.int(1...(pieces - taken))
            total += amount.share(ofPieces: count, after: taken, outOf: pieces)
            taken += count
        }

        #expect(total == amount, "seed \(seed)")
    }

    @Test("percentages are read and written with the decimals they need")
    func percentages() throws {
        #expect(try BasisPoints(percentText: "25.5 %").value == 2550)
        #expect(try BasisPoints(percentText: "21").description == "21 %")
        #expect(BasisPoints(2550).percentText == "25.5")
        #expect(BasisPoints(5).percentText == "0.05")
        #expect(throws: CommerceError.self) { try BasisPoints(percentText: "1.555") }
    }

    @Test("a division that does not come out even has no exact result")
    func exactDivision() {
        #expect(Money.eur(900).dividedExactly(by: 3) == .eur(300))
        #expect(Money.eur(1000).dividedExactly(by: 3) == nil)
    }

    @Test("money of another currency is refused where it comes from outside")
    func requiresCurrency() {
        #expect(throws: CommerceError.currencyMismatch(expected: .eur, found: .ron)) {
            try Money.ron(1).required(in: .eur)
        }
    }

    @Test("tax is taken out of a gross price half up, and put on a net one")
    func vat() {
        let line = TaxedAmount(gross: .eur(897), rate: .percent(21))

        #expect(line.vat == .eur(156))
        #expect(line.net == .eur(741))
        #expect(TaxedAmount(net: .eur(1900), rate: .percent(21)).vat == .eur(399))
        #expect(TaxedAmount(gross: .eur(1000), rate: BasisPoints(2550)).vat == .eur(203))
        #expect(TaxedAmount(gross: .eur(1000), rate: .zero).net == .eur(1000))
        #expect(StandardVAT.rate(in: .romania) == .percent(21))
        #expect(CountryCode.europeanUnion.allSatisfy { StandardVAT.rate(in: $0) != nil })
    }

    @Test("an exchange rate is exact, with the margin on top for supplier costs")
    func exchange() throws {
        let rates = FrozenRates(reference: try ExchangeRate("4.9764", from: .eur, to: .ron))

        #expect(rates.supplier.scaled == 507_592_800)
        #expect(try rates.storeCost(.eur(1000)) == .ron(5076))
        #expect(rates.reference.convert(.eur(1000), rounding: .halfUp) == .ron(4976))
        #expect(try rates.storeCost(.ron(777)) == .ron(777))
        #expect(throws: CommerceError.rateMissing(from: .usd, to: .ron)) {
            try rates.storeCost(Money(minorUnits: 1, currency: .usd))
        }
        #expect(throws: CommerceError.self) { try ExchangeRate("0", from: .eur, to: .ron) }
        #expect(throws: CommerceError.self) { try ExchangeRate("-4.9", from: .eur, to: .ron) }
    }
}
