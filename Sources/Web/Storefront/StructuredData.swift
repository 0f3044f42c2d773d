// Facts for search engines, as schema.org names them, in a data block: it is never executed, so the policy
// against inline scripts leaves it alone. What a merchant wrote cannot end the block, because every character
// that means something to an HTML parser is written as an escape of JSON's.

import Commerce
import CommerceStore
import WebSupport

/// A value of JSON-LD.
indirect enum Fact: Sendable {
    case text(String)
    case number(Int)
    case list([Fact])
    case node([(String, Fact)])

    var json: String {
        switch self {
        case .text(let text): Self.quoted(text)
        case .number(let number): String(number)
        case .list(let facts): "[" + facts.map(\.json).joined(separator: ",") + "]"
        case .node(let fields):
            "{" + fields.map { "\(Self.quoted($0.0)):\($0.1.json)" }.joined(separator: ",") + "}"
        }
    }

    /// The block itself.
    var html: HTML { HTML(trusted: "<script type=\"application/ld+json\">\(json)</script>\n") }

    private static func quoted(_ text: String) -> String {
        var quoted = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": quoted += "\\\""
            case "\\": quoted += "\\\\"
            case "<", ">", "&", "'", "\u{2028}", "\u{2029}", "\u{0}"..."\u{1F}", "\u{7F}":
                let hex = String(scalar.value, radix: 16)
                quoted += "\\u" + String(repeating: "0", count: 4 - hex.count) + hex
            default: quoted.unicodeScalars.append(scalar)
            }
        }
        return quoted + "\""
    }
}

enum StructuredData {
    static func organization(_ request: WebRequest) -> Fact {
        .node([
            ("@context", .text("https://schema.org")), ("@type", .text("Organization")),
            ("name", .text(request.store.name)), ("url", .text(request.canonical("/"))),
        ])
    }

    /// The way from the shop's first page to this one, which is the last.
    static func breadcrumbs(_ steps: [Breadcrumb], _ request: WebRequest) -> Fact {
        let items = steps.enumerated().map { place, step -> Fact in
            .node([
                ("@type", .text("ListItem")), ("position", .number(place + 1)), ("name", .text(step.name)),
                ("item", .text(request.canonical(step.path))),
            ])
        }
        return .node([
            ("@context", .text("https://schema.org")), ("@type", .text("BreadcrumbList")),
            ("itemListElement", .list(items)),
        ])
    }

    static func product(_ product: Product, _ promise: ShopPromise, _ request: WebRequest) -> Fact {
        var fields: [(String, Fact)] = [
            ("@context", .text("https://schema.org")), ("@type", .text("Product")),
            ("name", .text(product.title(in: request.language))), ("sku", .text(product.sku.rawValue)),
        ]
        let description = product.description(in: request.language)
        if !description.isEmpty { fields.append(("description", .text(String(description.prefix(5000))))) }
        if let picture = product.safePicture { fields.append(("image", .list([.text(picture)]))) }
        fields.append(("offers", offer(product, promise, request)))
        return .node(fields)
    }

    private static func offer(_ product: Product, _ promise: ShopPromise, _ request: WebRequest) -> Fact {
        let isThere = !product.isSoldOut && request.store.takesOrders
        var fields: [(String, Fact)] = [
            ("@type", .text("Offer")), ("url", .text(request.canonical("/p/\(product.slug)"))),
            ("price", .text(product.price.decimalText)),
            ("priceCurrency", .text(product.price.currency.rawValue)),
            ("availability", .text("https://schema.org/\(isThere ? "InStock" : "OutOfStock")")),
            ("itemCondition", .text("https://schema.org/NewCondition")),
            ("seller", .node([("@type", .text("Organization")), ("name", .text(request.store.name))])),
            ("shippingDetails", shipping(promise, request)),
            ("hasMerchantReturnPolicy", returns(promise, request)),
        ]
        if let unit = unitPrice(product) { fields.append(("priceSpecification", unit)) }
        return .node(fields)
    }

    /// What the price is for, which the price per unit follows from. The codes of units are those of UN/ECE
    /// recommendation 20.
    private static func unitPrice(_ product: Product) -> Fact? {
        guard let content = product.content, product.unitPrice != nil else { return nil }
        let code =
            switch content.unit {
            case .kilogram: "KGM"
            case .litre: "LTR"
            case .metre: "MTR"
            case .squareMetre: "MTK"
            }
        func quantity(_ value: String, _ more: [(String, Fact)] = []) -> Fact {
            .node(
                [
                    ("@type", .text("QuantitativeValue")), ("value", .text(value)), ("unitCode", .text(code)),
                ] + more)
        }
        return .node([
            ("@type", .text("UnitPriceSpecification")), ("price", .text(product.price.decimalText)),
            ("priceCurrency", .text(product.price.currency.rawValue)),
            ("referenceQuantity", quantity(content.amount, [("valueReference", quantity("1"))])),
        ])
    }

    private static func shipping(_ promise: ShopPromise, _ request: WebRequest) -> Fact {
        let price = request.store.shipping
        var fields: [(String, Fact)] = [
            ("@type", .text("OfferShippingDetails")),
            (
                "shippingRate",
                .node([
                    ("@type", .text("MonetaryAmount")), ("value", .text(price.decimalText)),
                    ("currency", .text(price.currency.rawValue)),
                ])
            ),
            (
                "shippingDestination",
                .node([
                    ("@type", .text("DefinedRegion")),
                    ("addressCountry", .text(request.store.country.rawValue)),
                ])
            ),
        ]
        if let days = promise.policy?.deliveryDays {
            let transit: Fact = .node([
                ("@type", .text("QuantitativeValue")), ("minValue", .number(days.lowerBound)),
                ("maxValue", .number(days.upperBound)), ("unitCode", .text("DAY")),
            ])
            fields.append(
                (
                    "deliveryTime",
                    .node([("@type", .text("ShippingDeliveryTime")), ("transitTime", transit)])
                ))
        }
        return .node(fields)
    }

    private static func returns(_ promise: ShopPromise, _ request: WebRequest) -> Fact {
        var fields: [(String, Fact)] = [
            ("@type", .text("MerchantReturnPolicy")),
            ("applicableCountry", .text(request.store.country.rawValue)),
        ]
        guard promise.exclusion == nil else {
            fields.append(
                ("returnPolicyCategory", .text("https://schema.org/MerchantReturnNotPermitted")))
            return .node(fields)
        }
        fields.append(
            ("returnPolicyCategory", .text("https://schema.org/MerchantReturnFiniteReturnWindow")))
        fields.append(("merchantReturnDays", .number(promise.withdrawalDays)))
        fields.append(("returnMethod", .text("https://schema.org/ReturnByMail")))
        if let cost = promise.policy?.returnCost {
            let fees = cost == .store ? "FreeReturn" : "ReturnFeesCustomerResponsibility"
            fields.append(("returnFees", .text("https://schema.org/\(fees)")))
        }
        return .node(fields)
    }
}
