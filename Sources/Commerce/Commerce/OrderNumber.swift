import FoundationEssentials

/// An order's number in its store, as the shopper reads it: "#1042".
///
/// Each store counts for itself, so that no merchant can read the others' volume from it, and starts at
/// 1001, so that the first shopper does not know to be the first. Gaps are allowed.
package struct OrderNumber: RawRepresentable, Hashable, Sendable, Codable, Comparable,
    CustomStringConvertible
{
    package static let first = OrderNumber(unchecked: 1001)

    package let rawValue: Int64

    package init?(rawValue: Int64) {
        guard rawValue > 0 else { return nil }
        self.rawValue = rawValue
    }

    /// Reads "#1042" and "1042".
    package init(parsing text: String) throws(CommerceError) {
        let trimmed = text.trimmed
        let digits = trimmed.hasPrefix("#") ? trimmed.dropFirst() : trimmed[...]
        guard digits.allSatisfy(\.isDigit), let number = Int64(digits), number > 0 else {
            throw .malformed(noun: "order number", text: text, reason: "a number is needed, like #1042")
        }
        rawValue = number
    }

    private init(unchecked number: Int64) {
        rawValue = number
    }

    package var next: OrderNumber { OrderNumber(unchecked: rawValue + 1) }

    package var description: String { "#\(rawValue)" }

    package static func < (left: OrderNumber, right: OrderNumber) -> Bool { left.rawValue < right.rawValue }
}

extension Identifier where Kind == SupplierOrderKind {
    /// Our reference at the supplier, "CFX-" and 26 letters and digits. It is unique over all stores,
    /// because they share one account there, and it is what a supplier order is looked up by after an
    /// answer that never came.
    package var reference: String { "CFX-" + rawValue.crockford }
}

extension UUID {
    /// The 128 bits in Crockford's base 32: sortable, and without letters that are mistaken for digits.
    var crockford: String {
        let alphabet = Array("0123456789ABCDEFGHJKMNPQRSTVWXYZ")
        let (high, low) = halves
        var bits = UInt128(high) << 64 | UInt128(low)
        var text: [Character] = []
        for _ in 0..<26 {
            text.append(alphabet[Int(bits & 31)])
            bits >>= 5
        }
        return String(text.reversed())
    }
}
