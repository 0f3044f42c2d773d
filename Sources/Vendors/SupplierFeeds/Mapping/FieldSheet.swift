internal import Commerce

// The fields of one article while they are read. Each verb reads one field in its form and notes what is
// wrong with it; what is required says so when it is missing.

struct FieldSheet {
    private static let stockLimit = 10_000_000
    private static let imageLimit = 20

    let row: Int
    let mapping: FieldMapping
    let texts: (FeedField) -> [String]
    private(set) var problems: [RowProblem] = []
    private var sku: String?

    init(row: Int, mapping: FieldMapping, texts: @escaping (FeedField) -> [String]) {
        self.row = row
        self.mapping = mapping
        self.texts = texts
    }

    mutating func reference() -> SKU? {
        guard let text = value(.sku) else { return nil }
        // Only a name that can be the article's is one: a row without it may be any article.
        if PlainText.isFormula(text) {
            refuse(.sku, "it begins like a spreadsheet formula", text)
            return nil
        }
        do throws(CommerceError) {
            let reference = try SKU(parsing: text)
            sku = reference.rawValue
            return reference
        } catch {
            refuse(.sku, Self.reason(error), text)
            return nil
        }
    }

    /// One line of text for people.
    mutating func text(_ field: FeedField, limit: Int) -> String? {
        guard let raw = value(field) else { return nil }
        let text = PlainText.ofHTML(raw).replacing("\n", with: " ")
        guard !text.isEmpty else {
            if FieldMapping.required.contains(field) { refuse(field, "it holds no words", raw) }
            return nil
        }
        return checked(text, field, limit: limit)
    }

    mutating func description() -> String? {
        guard let raw = value(.description) else { return nil }
        return checked(PlainText.ofHTML(raw), .description, limit: SupplierItem.descriptionLimit)
    }

    private mutating func checked(_ text: String, _ field: FeedField, limit: Int) -> String? {
        if PlainText.isFormula(text) {
            refuse(field, "it begins like a spreadsheet formula", text)
            return nil
        }
        guard text.count <= limit else {
            refuse(field, "it is longer than \(limit) characters", text)
            return nil
        }
        return text
    }

    /// An amount with or without its currency: `12.50`, `12,50 EUR`, `EUR 12.50`.
    mutating func amount(_ field: FeedField) -> Money? {
        guard let text = value(field) else { return nil }
        let words = text.split { $0.isWhitespace || $0 == "\u{A0}" }.map(String.init)
        let letters = words.filter { $0.count == 3 && $0.allSatisfy { $0.isASCII && $0.isLetter } }
        let number = words.filter { !letters.contains($0) }.joined()
        guard let currency = currency(letters.first, field) else { return nil }
        do throws(CommerceError) {
            let plain = mapping.decimal == .comma ? try Self.pointed(number) : number
            let money = try Money(plain, currency, rounding: .halfUp)
            guard !money.isNegative else {
                refuse(field, "it is negative", text)
                return nil
            }
            guard field != .cost || money.isPositive else {
                refuse(field, "it is zero; nothing is bought for nothing", text)
                return nil
            }
            guard money <= SupplierItem.costLimit(currency) else {
                refuse(field, "it is above \(SupplierItem.costLimit(currency))", text)
                return nil
            }
            return money
        } catch {
            refuse(field, Self.reason(error), text)
            return nil
        }
    }

    private mutating func currency(_ written: String?, _ field: FeedField) -> Currency? {
        guard let code = written ?? texts(.currency).first else { return mapping.currency }
        guard let currency = Currency(rawValue: code) else {
            refuse(.currency, "three letters are needed, like EUR", code)
            return nil
        }
        guard currency == mapping.currency else {
            refuse(field, "it is in \(currency) where the feed is set to \(mapping.currency)", code)
            return nil
        }
        return currency
    }

    /// `1.234,50` as `1234.50`. A point that divides no thousands is refused rather than guessed about.
    private static func pointed(_ text: String) throws(CommerceError) -> String {
        let halves = text.split(separator: ",", maxSplits: 1, omittingEmptySubsequences: false)
        let groups = halves[0].split(separator: ".", omittingEmptySubsequences: false)
        guard groups.dropFirst().allSatisfy({ $0.count == 3 }), halves.count == 1 || !halves[1].contains(".")
        else {
            throw .malformed(
                noun: "amount", text: text, reason: "a comma stands before the decimals in this feed")
        }
        return groups.joined() + (halves.count == 2 ? "." + halves[1] : "")
    }

    /// A count, or one of the words that feeds use instead. A word says that there is something, not how
    /// much.
    mutating func stock() -> Int? {
        guard let text = value(.stock) else { return nil }
        switch text.lowercased().replacing("_", with: " ") {
        case "in stock", "instock", "available", "yes", "true": return 1
        case "out of stock", "outofstock", "preorder", "backorder", "no", "false": return 0
        default: break
        }
        var digits = text
        for zeroes in [".0", ".00", ",0", ",00"] where digits.hasSuffix(zeroes) {
            digits.removeLast(zeroes.count)
        }
        guard let count = Int(digits) else {
            refuse(.stock, "a whole number is needed", text)
            return nil
        }
        guard count >= 0 else {
            refuse(.stock, "it is negative", text)
            return nil
        }
        guard count <= Self.stockLimit else {
            refuse(.stock, "it is above \(Self.stockLimit)", text)
            return nil
        }
        return count
    }

    mutating func ean() -> String? {
        guard let text = value(.ean) else { return nil }
        guard SupplierItem.isEAN(text) else {
            refuse(.ean, "it is no EAN: 8, 12, 13 or 14 digits with a right check digit are needed", text)
            return nil
        }
        return text
    }

    mutating func warehouse() -> WarehouseCode {
        guard let text = value(.warehouse) else { return .main }
        guard let code = WarehouseCode(rawValue: text) else {
            refuse(.warehouse, "1 to 32 characters are needed", text)
            return .main
        }
        return code
    }

    mutating func images() -> [String] {
        var addresses = texts(.images)
        if let separator = mapping.listSeparator, !separator.isEmpty {
            addresses = addresses.flatMap { $0.split(separator: separator).map { String($0).trimmingSpace } }
        }
        addresses = Array(addresses.filter { !$0.isEmpty }.prefix(Self.imageLimit))
        if let odd = addresses.first(where: { !Self.isWebAddress($0) }) {
            refuse(.images, "an address must begin with https:// or http://", odd)
        }
        return addresses
    }

    private static func isWebAddress(_ text: String) -> Bool {
        let lower = text.lowercased()
        return (lower.hasPrefix("https://") || lower.hasPrefix("http://")) && text.count <= 2_000
            && !text.contains { $0.isWhitespace || "\"<>".contains($0) }
    }

    mutating func attributes() -> [String: String] {
        var found: [String: String] = [:]
        for field in [FeedField.color, .size] {
            if let text = text(field, limit: 80) { found[field.rawValue] = text }
        }
        return found
    }

    /// How much is in one piece. Nil also for what is sold by the piece.
    mutating func content() -> ContentQuantity? {
        guard let text = value(.content) else { return nil }
        let isComma = mapping.decimal == .comma
        do throws(CommerceError) {
            return try ContentQuantity.read(text, unit: texts(.contentUnit).first) {
                number throws(CommerceError) in isComma ? try Self.pointed(number) : number
            }
        } catch {
            refuse(.content, Self.reason(error), text)
            return nil
        }
    }

    mutating func safety() -> ProductSafety {
        ProductSafety(
            manufacturer: text(.manufacturer, limit: 200),
            address: text(.manufacturerAddress, limit: 300),
            contact: text(.manufacturerContact, limit: 200),
            responsiblePerson: text(.responsiblePerson, limit: 300),
            warnings: text(.warnings, limit: 2_000).map { [mapping.language: $0] } ?? [:])
    }

    mutating func isActive() -> Bool {
        switch value(.active)?.lowercased() {
        case nil, "1", "true", "yes", "y", "active": return true
        case "0", "false", "no", "n", "inactive": return false
        case let other?:
            refuse(.active, "yes or no is needed", other)
            return false
        }
    }

    // What is missing or wrong ------------------------------------------------------------------------------

    private mutating func value(_ field: FeedField) -> String? {
        guard let text = texts(field).first else {
            if FieldMapping.required.contains(field) { refuse(field, "it is missing", "") }
            return nil
        }
        return text
    }

    private mutating func refuse(_ field: FeedField, _ reason: String, _ found: String) {
        problems.append(
            RowProblem(row: row, field: field.rawValue, reference: sku, reason: reason, found: found))
    }

    private static func reason(_ error: CommerceError) -> String {
        if case .malformed(_, _, let reason) = error { reason } else { "\(error)" }
    }
}
