// BigBuy's business errors, whether they come as a status, inside a 200, or in the list of a partly
// successful order. The shapes met: `code` ER003 with JSON as text in `message`; plain text in `message`;
// `code` and `message` swapped; nested validation errors; details under `error_detail`.

import Commerce
import VendorHTTP

/// Why BigBuy refused something.
package enum BigBuyRefusal: Sendable, Equatable {
    /// ER001, ER002: no such article.
    case productUnknown([SKU])
    /// ER003: the normal path for a supplier with few pieces of everything.
    case outOfStock([SKU])
    /// 409 "Products error.": an article cannot be sold, for instance because it is inactive.
    case productsRejected([SKU: String])
    /// ER004: the postcode does not fit the country; the example is BigBuy's.
    case postcode(example: String?)
    /// ER005: the prepaid wallet is too low.
    case walletTooLow(balance: Money?, needed: Money?)
    /// ER007
    case underMinimum
    /// ER008: our reference was used before: the order exists.
    case orderExists(BigBuyOrder.ID?)
    /// ER009: temporary, by BigBuy's own word.
    case temporary
    /// ER010: none of the carriers that were allowed goes there.
    case noCarrier
    /// ER011, ER012: the way of paying is misconfigured.
    case paymentMethod
    /// ER013, ER014: for a human.
    case needsHuman(code: String)
    /// The articles lie in different warehouses; quote each group on its own.
    case severalWarehouses([[SKU]])
    /// Field by field, with dots between the levels: `shippingAddress.postcode`.
    case invalid([String: String])
    /// An article of the order that the answer mentions nowhere.
    case unaccounted
    case other(code: String, info: String)

    init(_ error: BigBuyErrorBody) {
        let skus = error.data["skus"].elements.compactMap(\.sku)
        switch error.code {
        case "ER001", "ER002": self = .productUnknown(skus)
        case "ER003": self = .outOfStock(skus)
        case "ER004": self = .postcode(example: error.data["zipExample"].text)
        case "ER005":
            self = .walletTooLow(
                balance: error.data["moneyBoxAmount"].euros, needed: error.data["totalOrder"].euros)
        case "ER007": self = .underMinimum
        case "ER008":
            self = .orderExists(error.data["orderId"].filledText.map(BigBuyOrder.ID.init(rawValue:)))
        case "ER009": self = .temporary
        case "ER010": self = .noCarrier
        case "ER011", "ER012": self = .paymentMethod
        case "ER013", "ER014": self = .needsHuman(code: error.code)
        default: self = Self.uncoded(error)
        }
    }

    private static func uncoded(_ error: BigBuyErrorBody) -> BigBuyRefusal {
        if !error.fields.isEmpty { return .invalid(error.fields) }
        if !error.warehouses.isEmpty { return .severalWarehouses(error.warehouses) }
        let rejected = error.data.elements.compactMap { line in
            line["sku"].sku.map { ($0, line["message"].text ?? "") }
        }
        if !rejected.isEmpty { return .productsRejected(Dictionary(rejected) { $1 }) }
        return .other(code: error.code, info: error.info)
    }

    /// The articles it is about, where it names them.
    package var skus: [SKU] {
        switch self {
        case .productUnknown(let skus), .outOfStock(let skus): skus
        case .productsRejected(let lines): lines.keys.sorted()
        default: []
        }
    }
}

/// An error body brought into one form.
struct BigBuyErrorBody: Equatable {
    let code: String
    let info: String
    /// What was inside the JSON of `message`, or beside it.
    let data: JSON
    let fields: [String: String]
    let warehouses: [[SKU]]

    /// Nil when the value is no error: an error has a code and a message, and nothing an answer would have.
    init?(_ json: JSON) {
        guard let first = json["code"].text, let second = json["message"].text else { return nil }
        let isSwapped = !Self.looksLikeCode(first) && Self.looksLikeCode(second)
        code = isSwapped ? second : first
        let message = isSwapped ? first : second

        let inner = Self.inner(message)
        info = inner["info"].text ?? (inner.isNull ? message : code)
        data = [inner["data"], json["data"], inner].first { !$0.isNull } ?? .null
        var found: [String: String] = [:]
        Self.collect(json["errors"], path: [], into: &found)
        fields = found
        let detail = [inner["error_detail"], json["error_detail"]].first { !$0.isNull } ?? data
        warehouses = detail["warehouses"].elements.map { $0["references"].elements.compactMap(\.sku) }
    }

    /// The numeric status that a soft error carries, if its code is one.
    var status: Int? { Int(code) }

    private static func looksLikeCode(_ text: String) -> Bool {
        let digits = text.hasPrefix("ER") ? text.dropFirst(2) : text[...]
        return digits.count == 3 && digits.allSatisfy(\.isNumber)
    }

    private static func inner(_ message: String) -> JSON {
        guard message.hasPrefix("{") || message.hasPrefix("[") else { return .null }
        // Text that only begins like JSON is a message like any other.
        return (try? JSON(parsing: message)) ?? .null
    }

    private static func collect(_ json: JSON, path: [String], into found: inout [String: String]) {
        let problems = json["errors"].elements.compactMap(\.text)
        if !problems.isEmpty { found[path.joined(separator: ".")] = problems.joined(separator: " ") }
        for member in json["children"].members {
            collect(member.value, path: path + [member.name], into: &found)
        }
    }
}
