import Testing

@testable import Commerce

@Suite("VAT numbers")
struct VATNumberTests {
    /// Numbers of real companies, as they print them, one per member state.
    @Test(
        "the number of every member state is accepted, and with one digit changed refused",
        arguments: VATScheme.all.values.map(\.example))
    func examples(example: String) throws {
        #expect(VATNumber(rawValue: example)?.rawValue == example)

        let places = example.indices.filter { example[$0].isNumber }
        let changed = places.filter { place in
            var other = example
            let digit =
                (example[place].wholeNumberValue ?? 0) == 9 ? 8 : (example[place].wholeNumberValue ?? 0) + 1
            other.replaceSubrange(place...place, with: "\(digit)")
            return VATNumber(rawValue: other) == nil
        }
        // A changed digit can by chance be right again, or make another valid form.
        #expect(changed.count * 4 >= places.count * 3, "\(example): only \(changed.count) changes were seen")
    }

    @Test("every member state has a scheme")
    func complete() {
        #expect(Set(VATScheme.all.keys) == Set(CountryCode.europeanUnion.map(\.vatPrefix)))
    }

    @Test(
        "spaces, dots, small letters and a missing prefix are understood",
        arguments: ["RO 18547290", "ro18547290", "18547290", "RO-18.547.290"])
    func written(text: String) throws {
        #expect(try VATNumber(parsing: text, of: .romania).rawValue == "RO18547290")
    }

    @Test(
        "another country's number, an unknown prefix, and junk are refused",
        arguments: ["DE136695976", "US1", "RO", "", "RO1854729X", "ROȘ"])
    func refused(text: String) {
        #expect(throws: CommerceError.self) { try VATNumber(parsing: text, of: .romania) }
    }

    @Test("Greece writes EL")
    func greece() throws {
        #expect(
            try VATNumber(parsing: "GR094259216", of: CountryCode(unchecked: "GR")).rawValue == "EL094259216")
    }
}

@Suite("Legal texts")
struct LegalTextTests {
    @Test("every page exists in every language and names the trader", arguments: Language.allCases)
    func pages(language: Language) {
        let identity = BusinessIdentity(
            legalName: "Lumină & Fiii SRL", country: .romania, vatNumber: VATNumber(unchecked: "RO18547290"),
            registration: "J40/1/2020", addressLine: "Strada Lungă 1", postcode: "400001", city: "Cluj",
            phone: "+40711111111", email: EmailAddress(unchecked: "ana@example.test"))
        let text = LegalText(store: "Lumina", identity: identity, policy: .standard)

        for kind in LegalPageKind.allCases {
            let body = text.body(kind, in: language)
            #expect(body.count > 40)
            #expect(!kind.title(in: language).isEmpty)
            if [.terms, .privacy, .imprint].contains(kind) { #expect(body.contains("Lumină & Fiii SRL")) }
        }
        #expect(text.body(.withdrawal, in: language).contains("14"))
    }

    @Test("policies below the law are refused")
    func policies() {
        #expect(StorePolicy(deliveryFrom: 2, to: 7, withdrawalDays: 13, returnCost: .shopper) == nil)
        #expect(StorePolicy(deliveryFrom: 2, to: 31, withdrawalDays: 14, returnCost: .shopper) == nil)
        #expect(StorePolicy(deliveryFrom: 8, to: 7, withdrawalDays: 14, returnCost: .shopper) == nil)
        #expect(StorePolicy(deliveryFrom: 0, to: 30, withdrawalDays: 90, returnCost: .store) != nil)
    }
}
