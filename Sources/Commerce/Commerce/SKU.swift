/// A supplier's own name for a thing it sells. Suppliers write what they like, so the rule is loose.
package struct SKU: ValidatedText {
    package static var noun: String { "SKU" }
    package static let lengthLimit = 64

    package let rawValue: String

    package init(unchecked text: String) {
        rawValue = text
    }

    package static func problem(in text: String) -> String? {
        if text.isEmpty { return "it is empty" }
        if text.count > lengthLimit { return "it is longer than \(lengthLimit) characters" }
        return text.contains(where: \.isControl) ? "it contains a control character" : nil
    }
}

/// The warehouse a supplier ships from, as the supplier numbers it.
package struct WarehouseCode: ValidatedText {
    package static var noun: String { "warehouse code" }
    /// For a supplier that has only one.
    package static let main = WarehouseCode(unchecked: "main")

    package let rawValue: String

    package init(unchecked text: String) {
        rawValue = text
    }

    package static func problem(in text: String) -> String? {
        text.isEmpty || text.count > 32 ? "1 to 32 characters are needed" : nil
    }
}
