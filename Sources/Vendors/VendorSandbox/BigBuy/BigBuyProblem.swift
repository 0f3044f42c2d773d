// BigBuy's refusals. Business errors carry JSON as text inside `message`, validation errors are nested, and
// the rate limit answers in plain text.

/// An error answer.
struct BigBuyProblem: Error, Sendable {
    let status: Int
    let json: JSON

    /// `{"message":"Invalid Token"}`, without a code.
    static let invalidToken = BigBuyProblem(status: 401, json: ["message": "Invalid Token"])

    static func notFound(_ message: String) -> BigBuyProblem {
        BigBuyProblem(status: 404, json: ["code": 404, "message": .string(message)])
    }

    static func business(_ code: String, _ info: String, _ data: JSON = [:]) -> BigBuyProblem {
        BigBuyProblem(
            status: 409,
            json: ["code": .string(code), "message": .string(message(info, data))])
    }

    static func unknownProducts(_ skus: [String]) -> BigBuyProblem {
        business("ER001", "Product not found.", ["skus": .array(skus.map(JSON.string))])
    }

    static func outOfStock(_ skus: [String]) -> BigBuyProblem {
        business("ER003", "Some products are out of stock.", ["skus": .array(skus.map(JSON.string))])
    }

    static func walletTooLow(balance: Int64, needed: Int64) -> BigBuyProblem {
        business(
            "ER005", "Not enough money in the wallet.",
            ["moneyBoxAmount": SandboxAmount.json(balance), "totalOrder": SandboxAmount.json(needed)])
    }

    static func orderExists(_ id: String) -> BigBuyProblem {
        business("ER008", "The order already exists.", ["orderId": .integer(Int64(id) ?? 0)])
    }

    /// 409 "Products error.": the articles exist and cannot be sold.
    static func inactive(_ skus: [String]) -> BigBuyProblem {
        let lines = skus.map { sku -> JSON in
            ["sku": .string(sku), "message": "The product is not active."]
        }
        return BigBuyProblem(
            status: 409,
            json: ["code": 409, "message": .string(message("Products error.", .array(lines)))])
    }

    static func severalWarehouses(_ groups: [(warehouse: Int, skus: [String])]) -> BigBuyProblem {
        let warehouses = groups.map { group -> JSON in
            ["id": .integer(Int64(group.warehouse)), "references": .array(group.skus.map(JSON.string))]
        }
        return BigBuyProblem(
            status: 409,
            json: [
                "code": 409, "message": "The products belong to different warehouses.",
                "error_detail": ["warehouses": .array(warehouses)],
            ])
    }

    /// Problems by path such as `shippingAddress.postcode`.
    static func invalid(_ problems: [(path: [String], message: String)]) -> BigBuyProblem {
        var errors: JSON = ["children": [:]]
        for problem in problems { add(problem.message, at: problem.path[...], to: &errors) }
        return BigBuyProblem(
            status: 400, json: ["code": 400, "message": "Validation Failed", "errors": errors])
    }

    private static func add(_ message: String, at path: ArraySlice<String>, to node: inout JSON) {
        guard let first = path.first else {
            node["errors"] = .array(node["errors"].array + [.string(message)])
            return
        }
        var child = node["children"][first]
        add(message, at: path.dropFirst(), to: &child)
        var children = node["children"]
        children[first] = child
        node["children"] = children
    }

    private static func message(_ info: String, _ data: JSON) -> String {
        (["info": .string(info), "data": data] as JSON).text
    }
}
