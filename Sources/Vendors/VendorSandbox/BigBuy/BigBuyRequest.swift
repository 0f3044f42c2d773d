import Foundation

// Reading and checking the body that checks and orders share. Field problems are collected and answered
// together, the way a form is; business problems come one at a time after them.

/// What an order body asks for.
struct BigBuyRequest: Sendable {
    private static let addressLimit = 70
    private static let lastNameLimit = 32
    private static let paymentMethods = ["moneybox", "paypal", "bankwire"]
    private static let carriers: Set<String> = [
        "chrono", "correos", "gls", "ups", "dhl", "tnt", "seur", "correosinternational",
    ]
    /// Where BigBuy delivers; the number of digits of a postcode where that is fixed.
    private static let countries: [String: Int] = [
        "AT": 4, "BE": 4, "BG": 4, "CY": 4, "CZ": 0, "DE": 5, "DK": 4, "EE": 5, "ES": 5, "FI": 5, "FR": 5,
        "GR": 0, "HR": 5, "HU": 4, "IE": 0, "IT": 5, "LT": 0, "LU": 4, "LV": 0, "MT": 0, "NL": 0, "PL": 0,
        "PT": 0, "RO": 6, "SE": 0, "SI": 4, "SK": 0,
    ]

    let reference: String
    let address: JSON
    /// Pieces by SKU, in the order of the request.
    let wanted: [(sku: String, quantity: Int)]

    init(_ body: JSON) throws(BigBuyProblem) {
        let order = body["order"]
        let products = order["products"].array
        var problems = Self.addressProblems(order["shippingAddress"])
        for field in ["internalReference", "language", "paymentMethod"]
        where (order[field].string ?? "").isEmpty {
            problems.append(([field], "This value should not be blank."))
        }
        if products.isEmpty {
            problems.append((["products"], "This collection should contain 1 element or more."))
        }
        for (position, product) in products.enumerated() {
            problems += Self.productProblems(product, String(position))
        }
        if !problems.isEmpty { throw .invalid(problems) }

        guard Self.paymentMethods.contains(order["paymentMethod"].string ?? "") else {
            throw .business("ER011", "Invalid payment method.")
        }
        let allowed = order["carriers"].array.compactMap { $0["name"].string?.lowercased() }
        let delivers = Self.countries[order["shippingAddress"]["country"].string ?? ""] != nil
        guard delivers, allowed.isEmpty || !Self.carriers.isDisjoint(with: allowed) else {
            throw .business("ER010", "There is no carrier for this order.")
        }
        reference = order["internalReference"].string ?? ""
        address = order["shippingAddress"]
        wanted = Self.merged(products)
    }

    /// Pieces by SKU; the same SKU on two lines counts once.
    static func merged(_ products: [JSON]) -> [(sku: String, quantity: Int)] {
        var wanted: [(sku: String, quantity: Int)] = []
        for product in products {
            guard let sku = product["reference"].string else { continue }
            let quantity = Int(product["quantity"].integer ?? 0)
            if let position = wanted.firstIndex(where: { $0.sku == sku }) {
                wanted[position].quantity += quantity
            } else {
                wanted.append((sku, quantity))
            }
        }
        return wanted
    }

    private static func productProblems(
        _ product: JSON, _ position: String
    ) -> [(path: [String], message: String)] {
        var problems: [(path: [String], message: String)] = []
        if (product["reference"].string ?? "").isEmpty {
            problems.append((["products", position, "reference"], "This value should not be blank."))
        }
        if (product["quantity"].integer ?? 0) < 1 {
            problems.append((["products", position, "quantity"], "This value should be 1 or more."))
        }
        return problems
    }

    private static func addressProblems(_ address: JSON) -> [(path: [String], message: String)] {
        let fields = [
            "firstName", "lastName", "country", "postcode", "town", "address", "phone", "email",
        ]
        var problems: [(path: [String], message: String)] = []
        for field in fields where (address[field].string ?? "").isEmpty {
            problems.append((["shippingAddress", field], "This value should not be blank."))
        }
        for (field, limit) in [("address", addressLimit), ("lastName", lastNameLimit)]
        where (address[field].string ?? "").count > limit {
            problems.append(
                (
                    ["shippingAddress", field],
                    "This value is too long. It should have \(limit) characters or less."
                ))
        }
        if let country = address["country"].string, let postcode = address["postcode"].string,
            let digits = countries[country], digits > 0, !postcode.isEmpty,
            postcode.count != digits || !postcode.allSatisfy(\.isASCIIDigit)
        {
            let form = String(repeating: "N", count: digits)
            problems.append(
                (
                    ["shippingAddress", "postcode"],
                    "Invalid postcode format. Valid format for the selected country is '\(form)'."
                ))
        }
        return problems
    }
}

extension Character {
    fileprivate var isASCIIDigit: Bool { isASCII && isNumber }
}
