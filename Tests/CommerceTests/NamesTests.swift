import FoundationEssentials
import Testing

@testable import Commerce

@Suite struct NamesTests {
    @Test(
        "store addresses that are possible",
        arguments: ["a", "abc", "my-shop-24", "0815", "a-b", " MyShop "])
    func goodSlugs(text: String) throws {
        let slug = try Slug(parsing: text)

        #expect(slug.rawValue == text.trimmed.lowercased())
        #expect(Slug(rawValue: slug.rawValue) == slug)
    }

    @Test(
        "store addresses that are not",
        arguments: [
            "", "ab", "-abc", "abc-", "a b", "șapcă", "xn--80ak6aa92e", "ab--cd", "www", "Admin", "api",
            "a.b", "a_b",
            String(repeating: "a", count: 64),
        ])
    func badSlugs(text: String) {
        #expect(throws: CommerceError.self) { try Slug(parsing: text) }
        #expect(Slug(rawValue: text) == nil)
    }

    @Test(
        "e-mail addresses that are possible",
        arguments: ["ana@example.com", "a.b+c@sub.example.co", " Ana@Example.COM ", "o'neil@example.ie"])
    func goodEmails(text: String) throws {
        let email = try EmailAddress(parsing: text)

        #expect(email.domain == email.domain.lowercased())
        #expect(!email.description.contains("ana@"))
        #expect("\(email)".hasSuffix("***@\(email.domain)"))
    }

    @Test(
        "e-mail addresses that are not",
        arguments: [
            "", "ana", "@example.com", "ana@", "ana@example", "a b@example.com", "ana@@example.com",
            ".ana@example.com",
            "ana.@example.com", "a..b@example.com", "ana@-example.com", "ana@example..com", "ana@example.c",
            "ana@127.0.0.1", "ană@example.com", String(repeating: "a", count: 65) + "@example.com",
        ])
    func badEmails(text: String) {
        #expect(throws: CommerceError.self) { try EmailAddress(parsing: text) }
    }

    @Test("codes are read in either case and checked")
    func codes() throws {
        #expect(try CountryCode(parsing: "ro") == .romania)
        #expect(CountryCode(unchecked: "GR").vatPrefix == "EL")
        #expect(CountryCode.europeanUnion.count == 27)
        #expect(throws: CommerceError.self) { try CountryCode(parsing: "ROU") }
        #expect(try Currency(parsing: "eur") == .eur)
        #expect(throws: CommerceError.self) { try Currency(parsing: "€") }
        #expect(Language(rawValue: "de")?.nativeName == "Deutsch")
        #expect(throws: CommerceError.self) { try SKU(parsing: "  ") }
        #expect(throws: CommerceError.self) { try SKU(parsing: "a\u{7}b") }
        #expect(try SKU(parsing: " V0700822 ").rawValue == "V0700822")
    }

    @Test("identifiers are uuids of version 7, in the order of their making")
    func identifiers() throws {
        var random = SeededRandom(1)
        let ids = (0..<200).map {
            OrderID(at: Sample.now.addingTimeInterval(Double($0) * 0.0005), random: &random)
        }

        #expect(ids == ids.sorted())
        #expect(Set(ids).count == ids.count)
        let text = ids[0].description
        #expect(text == text.lowercased())
        #expect(Array(text)[14] == "7")
        #expect("89ab".contains(Array(text)[19]))
        #expect(try OrderID(parsing: text.uppercased()) == ids[0])
        #expect(throws: CommerceError.self) { try OrderID(parsing: "42") }
    }

    @Test("identifiers are bare strings in JSON, as keys too")
    func identifierCoding() throws {
        let id = ProductID()
        let json = String(decoding: try JSONEncoder().encode([id: 3]), as: UTF8.self)

        #expect(json == "{\"\(id)\":3}")
        #expect(try JSONDecoder().decode([ProductID: Int].self, from: Data(json.utf8)) == [id: 3])
        #expect(throws: DecodingError.self) {
            try JSONDecoder().decode([ProductID].self, from: Data("[\"x\"]".utf8))
        }
    }

    @Test("a status token holds 128 bits in 22 letters and does not show itself")
    func statusTokens() {
        var random = SeededRandom(9)
        let tokens = (0..<100).map { _ in StatusToken(random: &random) }

        #expect(Set(tokens).count == 100)
        #expect(tokens.allSatisfy { $0.rawValue.count == 22 && StatusToken(rawValue: $0.rawValue) == $0 })
        #expect(!tokens[0].description.contains(tokens[0].rawValue))
        #expect(StatusToken(rawValue: "short") == nil)
        #expect(StatusToken(rawValue: String(repeating: "-", count: 22)) == nil)
    }

    @Test("order numbers count per store and are read with or without the sign")
    func orderNumbers() throws {
        #expect(OrderNumber.first.description == "#1001")
        #expect(OrderNumber.first.next.rawValue == 1002)
        #expect(try OrderNumber(parsing: " #1042 ").rawValue == 1042)
        #expect(throws: CommerceError.self) { try OrderNumber(parsing: "#") }
        #expect(throws: CommerceError.self) { try OrderNumber(parsing: "-4") }
    }

    @Test("a supplier reference is short, unique and always the same")
    func references() throws {
        let id = try SupplierOrderID(parsing: "ffffffff-ffff-ffff-ffff-ffffffffffff")

        #expect(id.reference == "CFX-7ZZZZZZZZZZZZZZZZZZZZZZZZZ")
        #expect(SupplierOrderID().reference.count == 30)
    }
}

@Suite struct AddressTests {
    static let form = AddressForm(
        firstName: "Ana", lastName: "Popescu", line: "Str. Lungă 5, bl. A, ap. 3", city: "Brașov",
        county: "brașov",
        postcode: "500 035", country: "ro")

    @Test("a good address is brought into the form that vendors accept")
    func good() throws {
        let address = try Self.form.checked()

        #expect(address.county == "Brasov")
        #expect(address.postcode == "500035")
        #expect(address.country == .romania)
        #expect(address.company == nil)
        #expect("\(address)" == "an address in RO")
    }

    @Test("everything that is wrong is said at once")
    func allProblems() throws {
        let error = #expect(throws: CommerceError.self) {
            try AddressForm(
                firstName: " ", lastName: String(repeating: "x", count: 33),
                line: String(repeating: "y", count: 71),
                postcode: "12", country: "RO"
            ).checked()
        }

        guard case .addressIncomplete(let problems) = error else {
            Issue.record("another error was thrown")
            return
        }
        #expect(
            Set(problems.map(\.field)) == ["firstName", "lastName", "line", "city", "postcode", "county"])
        #expect(problems.contains(FieldProblem(field: "postcode", reason: "must look like 123456")))
    }

    @Test("a missing country is said")
    func noCountry() {
        var form = Self.form
        form.country = ""

        #expect(
            throws: CommerceError.addressIncomplete([
                FieldProblem(field: "country", reason: "is needed, as two letters")
            ])
        ) {
            try form.checked()
        }
    }

    @Test(
        "postcodes are brought into their country's form",
        arguments: [
            ("RO", "030167", "030167"), ("RO", "RO-030167", "030167"), ("DE", "10115", "10115"),
            ("DE", "D-10115", nil), ("DE", "1011", nil), ("ES", "28001", "28001"), ("ES", "2800", nil),
            ("PL", "00950", "00-950"), ("PT", "1000205", "1000-205"), ("NL", "1012ab", "1012 AB"),
            ("SE", "11455", "114 55"), ("IE", "D02X285", "D02 X285"), ("MT", "VLT1117", "VLT 1117"),
            ("RO", "٠٣٠١٦٧", nil), ("CH", "8001", "8001"),
        ] as [(String, String, String?)])
    func postcodes(country: String, written: String, expected: String?) {
        let check = Postcode.checked(written, in: CountryCode(unchecked: country))

        if let expected {
            #expect(check == .right(expected))
        } else {
            guard case .wrong = check else {
                Issue.record("\(written) passed in \(country)")
                return
            }
        }
    }

    @Test("Romanian counties are known with and without marks, and Bucharest by its sectors")
    func counties() {
        #expect(RomanianCounty.names.count == 42)
        #expect(RomanianCounty.official("Timiș") == "Timis")
        #expect(RomanianCounty.official("BISTRIȚA NĂSĂUD") == "Bistrita-Nasaud")
        #expect(RomanianCounty.official("Sector 3") == "Bucuresti")
        #expect(RomanianCounty.official("București") == "Bucuresti")
        #expect(RomanianCounty.official("Bavaria") == nil)
    }

    @Test("islands and enclaves outside the VAT territory are known")
    func territories() throws {
        var form = Self.form
        form.county = ""
        (form.country, form.postcode) = ("ES", "35001")
        #expect(try form.checked().isOutsideVATTerritory)

        form.postcode = "28001"
        #expect(try !form.checked().isOutsideVATTerritory)
    }

    @Test("telephone numbers are cleaned and masked")
    func phones() throws {
        #expect(try PhoneNumber(parsing: " 0040 (722) 123-456 ").rawValue == "+40722123456")
        #expect(try PhoneNumber(parsing: "0722 123 456").description == "***56")
        #expect(throws: CommerceError.self) { try PhoneNumber(parsing: "call me") }
        #expect(throws: CommerceError.self) { try PhoneNumber(parsing: "12345") }
    }
}
