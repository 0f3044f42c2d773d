// How members that many BigBuy objects share are read. Amounts are euros, as numbers or as text, and
// sometimes carry binary dust (9.809999999999999): they are rounded half up to cents from their text.

import Commerce
import VendorHTTP

extension JSON {
    /// This value as euros.
    var euros: Money? {
        text.flatMap { text in
            // A text that is no amount is reported by whoever needed one.
            try? Money(text, .eur, rounding: .halfUp)
        }
    }

    /// One line without control characters, of which a database refuses some; nil where nothing is left.
    var plain: String? {
        guard let text else { return nil }
        let words = text.split { $0.isWhitespace || $0.unicodeScalars.contains { $0.value < 0x20 } }
        return words.isEmpty ? nil : words.joined(separator: " ")
    }

    var sku: SKU? { text.flatMap(SKU.init(rawValue:)) }

    var warehouse: WarehouseCode? { text.flatMap(WarehouseCode.init(rawValue:)) }

    func needID<Object>(_ name: String = "id") throws(JSONMismatch) -> BigBuyID<Object> {
        BigBuyID(rawValue: try needText(name))
    }
}

/// Reads each element of a list; one that cannot be read fails the whole list.
func readAll<Value>(
    _ elements: [JSON], as read: (JSON) throws(JSONMismatch) -> Value
) throws(JSONMismatch) -> [Value] {
    var values: [Value] = []
    values.reserveCapacity(elements.count)
    for element in elements { values.append(try read(element)) }
    return values
}
