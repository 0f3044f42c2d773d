// What a merchant types about a feed: where it is, how it is written, and which of its names means which of
// ours. It is checked by the module that will read the feed, so a sync never meets settings that cannot work.

import Commerce
import CommerceStore
import Foundation
import SupplierFeeds
import WebSupport

struct FeedForm: Sendable {
    /// What was typed, when all of it can be used.
    struct Wish: Sendable {
        let name: String
        let parcelShipping: Money
        let feed: FeedBook.Request
        /// What opens the feed; nil leaves what is known.
        let login: String?
    }

    struct Refusal: Error {
        let problems: [FieldError]
    }

    private static let mappingPrefix = "map-"
    private static let hours = [1, 6, 24, 168]

    let values: [String: String]
    /// What the supplier may charge in; one that is known already stays.
    let currencies: [Currency]
    let mayBePrivate: Bool

    // MARK: - The fields

    static func fields(_ currencies: [Currency]) -> [FormField] {
        supplierFields(currencies) + formatFields + mappingFields
    }

    private static func supplierFields(_ currencies: [Currency]) -> [FormField] {
        [
            FormField("name", "Supplier", width: "half"),
            FormField(
                "currency", "Charges in", width: "third",
                choices: currencies.map { ($0.rawValue, $0.rawValue) }),
            FormField("parcel", "Charges for a parcel", hint: "0 where it is free.", width: "third"),
            FormField(
                "address", "Address of the feed", type: "url",
                hint: "Such as https://supplier.example/feed.csv. It must be open to the internet."),
            FormField(
                "login", "Login of the feed", type: "password",
                hint: "As user:password, where the feed asks for one. Empty leaves what is known."),
            FormField(
                "hours", "Read it", width: "third",
                choices: [
                    ("1", "every hour"), ("6", "every six hours"), ("24", "every day"),
                    ("168", "every week"),
                ]),
            FormField(
                "removal", "Articles one reading may take off, in percent",
                hint: "With more missing than that, nothing is taken off and you are told.", width: "third"),
        ]
    }

    private static let formatFields = [
        FormField(
            "format", "Format", width: "third",
            choices: [("csv", "CSV"), ("xml", "XML"), ("json", "JSON")]),
        FormField(
            "record", "One product is", hint: "XML: the element; JSON: the member that holds the list.",
            width: "third"),
        FormField(
            "delimiter", "Between columns (CSV)", width: "third",
            choices: [
                ("", "as the first row tells"), ("comma", "comma"), ("semicolon", "semicolon"),
                ("tab", "tab"), ("bar", "|"),
            ]),
        FormField(
            "encoding", "Letters", width: "third",
            choices: [("", "as the feed tells, or UTF-8")]
                + FeedEncoding.allCases.map { ($0.rawValue, $0.rawValue) }),
        FormField(
            "decimal", "Decimals stand behind", width: "third",
            choices: [("point", "a point: 12.50"), ("comma", "a comma: 12,50")]),
        FormField(
            "language", "Its words are", width: "third",
            choices: [
                ("en", "English"), ("ro", "Romanian"), ("de", "German"), ("es", "Spanish"),
            ]),
        FormField(
            "separator", "Between several pictures", hint: "Where one field holds many.", width: "third"),
        FormField(
            "variants", "Variants are in", hint: "The path, where a product holds its sizes.",
            width: "third"),
    ]

    private static let mappingFields = FeedField.allCases.map { field in
        FormField(
            mappingPrefix + field.rawValue, "Its name for: \(field.words)",
            hint: hint(of: field), width: "third")
    }

    private static func hint(of field: FeedField) -> String? {
        switch field {
        case .sku: "The column, or the path of the element, such as product/code."
        case .content: "Such as 750 ml: shoppers must see the price per litre, kilogram or metre."
        case .contentUnit: "Where the number of the contents stands apart from its unit."
        default: nil
        }
    }

    private static let delimiters = ["comma": ",", "semicolon": ";", "tab": "\t", "bar": "|"]

    // MARK: - Reading

    func read() -> Result<Wish, Refusal> {
        var problems: [FieldError] = []
        let name = text("name")
        if !(1...80).contains(name.count) {
            problems.append(FieldError("name", "is needed, up to 80 characters"))
        }
        let currency = currencies.first { $0.rawValue == text("currency") } ?? currencies[0]
        let parcel = parcel(currency, &problems)
        do throws(FeedProblem) {
            _ = try FeedAddress(parsing: text("address"), mayBePrivate: mayBePrivate)
        } catch {
            problems.append(FieldError("address", Self.reason(error)))
        }
        let login = text("login")
        if !login.isEmpty, !login.contains(":") || login.count > 400 {
            problems.append(FieldError("login", "must be a user, a colon and a password"))
        }
        let hours = Int(text("hours")).flatMap { Self.hours.contains($0) ? $0 : nil } ?? 24
        let removal = removal(&problems)
        let settings = settings(currency, &problems)
        guard problems.isEmpty, let settings, let json = try? settings.json else {
            // Settings that were just read from a form can be written; should that ever change, it is said.
            return .failure(
                Refusal(
                    problems: problems.isEmpty
                        ? [FieldError("format", "cannot be saved with these fields")] : problems))
        }
        var feed = FeedBook.Request(address: text("address"), settings: json)
        feed.intervalMinutes = hours * 60
        feed.removalLimit = removal
        return .success(
            Wish(
                name: name, parcelShipping: parcel, feed: feed, login: login.isEmpty ? nil : login))
    }

    private func text(_ name: String) -> String { values[name] ?? "" }

    private func parcel(_ currency: Currency, _ problems: inout [FieldError]) -> Money {
        let typed = text("parcel")
        if typed.isEmpty || typed == "0" { return .zero(currency) }
        if let money = Money(typed: typed, currency) { return money }
        if let zero = try? Money(exactly: typed.replacing(",", with: "."), currency), zero.isZero {
            // 0.00 is what the field shows of nothing; anything else that cannot be read is refused below.
            return zero
        }
        problems.append(FieldError("parcel", "must be an amount, such as 4.90, or 0"))
        return .zero(currency)
    }

    private func removal(_ problems: inout [FieldError]) -> BasisPoints {
        if text("removal").isEmpty { return .percent(20) }
        // Why it cannot be read adds nothing to what the field says.
        if let share = try? BasisPoints(percentText: text("removal")), share >= .zero, share <= .one {
            return share
        }
        problems.append(FieldError("removal", "must be a percentage from 0 to 100"))
        return .percent(20)
    }

    private func settings(_ currency: Currency, _ problems: inout [FieldError]) -> FeedSettings? {
        guard let format = FeedFormat(rawValue: text("format")) else {
            problems.append(FieldError("format", "must be CSV, XML or JSON"))
            return nil
        }
        var paths: [FeedField: String] = [:]
        for field in FeedField.allCases {
            let path = text(Self.mappingPrefix + field.rawValue)
            if !path.isEmpty { paths[field] = path }
        }
        let settings = FeedSettings(
            format, encoding: FeedEncoding(rawValue: text("encoding")),
            delimiter: format == .csv ? Self.delimiters[text("delimiter")] : nil,
            record: optional("record"),
            mapping: FieldMapping(
                paths, variants: optional("variants"), currency: currency,
                language: Language(rawValue: text("language")) ?? .english,
                decimal: FieldMapping.DecimalMark(rawValue: text("decimal")) ?? .point,
                listSeparator: optional("separator")))
        for problem in settings.problems {
            let isMapping = FeedField(rawValue: problem.field) != nil
            problems.append(
                FieldError(isMapping ? Self.mappingPrefix + problem.field : problem.field, problem.reason))
        }
        return settings
    }

    private func optional(_ name: String) -> String? { text(name).isEmpty ? nil : text(name) }

    private static func reason(_ problem: FeedProblem) -> String {
        if case .address(let reason) = problem { "cannot be used: \(reason)" } else { "\(problem)" }
    }

    /// Whether a login for the first address must not be sent to the second: another host or port, or the
    /// same without encryption.
    static func isElsewhere(_ one: String, _ other: String) -> Bool {
        guard let from = URLComponents(string: one), let to = URLComponents(string: other) else {
            return true
        }
        let isWeaker = from.scheme?.lowercased() == "https" && to.scheme?.lowercased() != "https"
        return isWeaker || from.host?.lowercased() != to.host?.lowercased() || from.port != to.port
    }

    // MARK: - Showing

    /// What a form for a supplier that nobody knows yet begins with.
    static let blank = [
        "parcel": "0", "hours": "24", "removal": "20", "format": "csv", "map-sku": "sku", "map-name": "name",
        "map-cost": "price", "map-stock": "stock",
    ]

    /// What is known of a supplier and its feed. The login is never shown again.
    static func values(of supplier: StoreSupplier, _ feed: Feed?) -> [String: String] {
        var values = [
            "name": supplier.name, "currency": supplier.currency.rawValue,
            "parcel": supplier.parcelShipping.decimalText,
        ]
        guard let feed else { return values.merging(blank) { known, _ in known } }
        values["address"] = feed.address
        values["hours"] = "\(feed.interval.components.seconds / 3_600)"
        values["removal"] = feed.removalLimit.percentText
        // Settings that cannot be read any more are typed anew; the sync says what is wrong with them.
        guard let settings = try? SupplierAdapters.settings(feed.settings) else { return values }
        values["format"] = settings.format.rawValue
        values["record"] = settings.record
        values["delimiter"] = delimiters.first { $0.value == settings.delimiter }?.key ?? ""
        values["encoding"] = settings.encoding?.rawValue ?? ""
        let mapping = settings.mapping
        values["decimal"] = mapping.decimal.rawValue
        values["language"] = mapping.language.rawValue
        values["separator"] = mapping.listSeparator
        values["variants"] = mapping.variants
        for (field, path) in mapping.paths { values[mappingPrefix + field.rawValue] = path }
        return values
    }
}

extension FeedField {
    fileprivate var words: String {
        switch self {
        case .sku: "article number"
        case .name: "title"
        case .description: "description"
        case .cost: "cost without VAT"
        case .currency: "currency"
        case .recommendedPrice: "recommended price"
        case .stock: "stock"
        case .ean: "EAN"
        case .brand: "brand"
        case .category: "category"
        case .images: "pictures"
        case .family: "what variants have in common"
        case .warehouse: "warehouse"
        case .color: "colour"
        case .size: "size"
        case .content: "contents of one piece"
        case .contentUnit: "unit of the contents"
        case .active: "whether it is offered"
        case .manufacturer: "manufacturer"
        case .manufacturerAddress: "manufacturer's postal address"
        case .manufacturerContact: "manufacturer's e-mail or web page"
        case .responsiblePerson: "responsible person in the Union"
        case .warnings: "safety warnings"
        }
    }
}
