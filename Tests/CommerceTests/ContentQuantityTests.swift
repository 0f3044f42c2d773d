import Commerce
import Testing

@Suite("How much is in one piece, and the price per unit")
struct ContentQuantityTests {
    @Test(
        "what feeds and merchants write is read",
        arguments: [
            ("750 ml", 750_000, ContentUnit.litre), ("0.5kg", 500_000, .kilogram),
            ("6 x 0.33 l", 1_980_000, .litre), ("12×330ML", 3_960_000, .litre),
            ("50 g", 50_000, .kilogram), ("5 mg", 5, .kilogram), ("2.5 m", 2_500_000, .metre),
            ("30 cm", 300_000, .metre), ("1.2 m²", 1_200_000, .squareMetre),
            ("500 Gramm", 500_000, .kilogram), ("2 litri", 2_000_000, .litre),
        ])
    func read(text: String, millionths: Int, unit: ContentUnit) throws {
        let content = try ContentQuantity.read(text)

        #expect(content == ContentQuantity(millionths: Int64(millionths), unit: unit))
    }

    @Test("what is sold by the piece has no contents", arguments: ["1 ct", "10 Stück", "2 buc", "1 unidad"])
    func pieces(text: String) throws {
        #expect(try ContentQuantity.read(text) == nil)
    }

    @Test(
        "what cannot be read is refused and never guessed",
        arguments: [
            "750", "ml", "", "1,5 l", "1,000 g", "-1 kg", "0 g", "12 oz", "1 000 g", "9999999999 kg",
            "0.0000001 mg", "1.2.3 l", "1e40 kg",
        ])
    func refused(text: String) {
        #expect(throws: CommerceError.self) { try ContentQuantity.read(text) }
    }

    @Test("a unit may stand apart, and what is written beside the number counts first")
    func unitApart() throws {
        #expect(
            try ContentQuantity.read("750", unit: "ml")
                == ContentQuantity(millionths: 750_000, unit: .litre))
        #expect(
            try ContentQuantity.read("2 kg", unit: "ml")
                == ContentQuantity(millionths: 2_000_000, unit: .kilogram))
    }

    @Test("the price per unit is rounded half up, and not told where it is the price itself")
    func unitPrices() throws {
        func price(_ text: String, _ cents: Int64) throws -> Money? {
            try ContentQuantity.read(text)?.unitPrice(at: .eur(cents))
        }

        #expect(try price("750 ml", 995) == .eur(1327))
        #expect(try price("6 x 0.33 l", 599) == .eur(303))
        #expect(try price("50 g", 1500) == .eur(30_000))
        #expect(try price("2 m", 101) == .eur(51))
        #expect(try price("1 kg", 1500) == nil)
        #expect(try price("1 mg", .max) == nil, "no amount of money")
    }

    @Test(
        "it is written as it would be typed",
        arguments: [
            ("750 ml", "750 ml"), ("6 x 0.33 l", "1.98 l"), ("1000 g", "1 kg"), ("5 mg", "0.000005 kg"),
            ("30 cm", "30 cm"), ("0.5 m2", "0.5 m2"),
        ])
    func written(text: String, as expected: String) throws {
        let content = try #require(try ContentQuantity.read(text))

        #expect(content.description == expected)
        #expect(try ContentQuantity.read(content.description) == content)
    }
}
