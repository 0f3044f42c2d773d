// An invoice as it is sent. `saveToDb` is always false: otherwise each sale would overwrite the
// merchant's own client of the same name. Our order stands in `observations`, which is not printed,
// because SmartBill keeps no reference of ours.

import Commerce
import VendorHTTP

/// Whom the invoice is for.
package struct SmartBillBuyer: Sendable, Equatable {
    /// What e-Factura accepts for a person without a fiscal code.
    package static let consumerCode = "0000000000000"

    package let name: String
    package let vatCode: String
    package let isTaxPayer: Bool
    package let address: String
    /// In Bucharest a sector, "Sector 1" to "Sector 6".
    package let city: String
    /// A Romanian county's name where the buyer is in Romania.
    package let county: String
    /// The country's name.
    package let country: String
    package let email: EmailAddress?

    package init(
        name: String, vatCode: String = consumerCode, isTaxPayer: Bool = false, address: String, city: String,
        county: String, country: String, email: EmailAddress? = nil
    ) {
        self.name = name
        self.vatCode = vatCode
        self.isTaxPayer = isTaxPayer
        self.address = address
        self.city = city
        self.county = county
        self.country = country
        self.email = email
    }

    /// e-Factura needs an address and a city; a dash counts as one.
    var json: JSON {
        func filled(_ text: String) -> JSON { .string(text.isEmpty ? "-" : text) }
        return .object(present: [
            ("name", .string(name)), ("vatCode", .string(vatCode)), ("isTaxPayer", .bool(isTaxPayer)),
            ("address", filled(address)), ("city", filled(city)), ("county", .string(county)),
            ("country", .string(country)), ("email", .optional(email?.rawValue)), ("saveToDb", false),
        ])
    }
}

/// A line of an invoice.
package enum SmartBillLine: Sendable, Equatable {
    /// Goods or services; a negative quantity credits them. The price is for one, VAT included if there
    /// is any.
    case item(name: String, code: String?, quantity: Int, price: Money, isService: Bool)
    /// Takes a value off the given number of lines right above; discounts among them count too.
    case discount(name: String, lines: Int, value: Money)

    func json(tax: SmartBillTax?, unit: String) -> JSON {
        var members: [(String, JSON?)]
        let currency: Currency
        switch self {
        case .item(let name, let code, let quantity, let price, let isService):
            currency = price.currency
            members = [
                ("name", .string(name)), ("code", .optional(code)), ("isDiscount", false),
                ("quantity", .number(String(quantity))), ("price", .number(price.decimalText)),
                ("saveToDb", false), ("isService", .bool(isService)),
            ]
        case .discount(let name, let lines, let value):
            currency = value.currency
            members = [
                ("name", .string(name)), ("isDiscount", true), ("numberOfItems", .number(String(lines))),
                ("discountType", 1), ("discountValue", .number((-value.magnitude).decimalText)),
            ]
        }
        members += [("measuringUnitName", .string(unit)), ("currency", .string(currency.rawValue))]
        // A company that is not registered for VAT sends no VAT fields at all.
        if let tax {
            members += [
                ("isTaxIncluded", true), ("taxName", .string(tax.name)),
                ("taxPercentage", .number(tax.percentage)),
            ]
        }
        return .object(present: members)
    }
}

/// An invoice to issue.
package struct SmartBillInvoice: Sendable, Equatable {
    /// SmartBill refuses more.
    package static let lineLimit = 400

    package enum PaymentType: String, Sendable {
        case card = "Card"
        case transfer = "Ordin plata"
        case other = "Alta incasare"
    }

    package struct Payment: Sendable, Equatable {
        package let value: Money
        package let type: PaymentType

        package init(value: Money, type: PaymentType = .card) {
            self.value = value
            self.type = type
        }
    }

    /// A line and its VAT; nil when the merchant is not registered for VAT.
    package struct TaxedLine: Sendable, Equatable {
        package let line: SmartBillLine
        package let tax: SmartBillTax?

        package init(_ line: SmartBillLine, tax: SmartBillTax?) {
            self.line = line
            self.tax = tax
        }
    }

    package let series: String
    package let buyer: SmartBillBuyer
    package let currency: Currency
    package let lines: [TaxedLine]
    package let payment: Payment?
    package let issueDate: SmartBillDate
    /// Printed.
    package let mentions: String
    /// Not printed: our own key of the order.
    package let observations: String
    package var language = "RO"
    package var unit = "buc"
    package var isDraft = false
    package var deliveryDate: SmartBillDate?
    /// Lei for one unit of a foreign currency, as text; SmartBill's own rate would not be reproducible.
    package var exchangeRate: String?
    /// With the intra-Community or OSS code instead of the domestic one.
    package var useIntraCode = false

    package init(
        series: String, buyer: SmartBillBuyer, currency: Currency, lines: [TaxedLine], payment: Payment?,
        issueDate: SmartBillDate, mentions: String, observations: String
    ) {
        precondition((1...Self.lineLimit).contains(lines.count), "an invoice has 1 to 400 lines")
        self.series = series
        self.buyer = buyer
        self.currency = currency
        self.lines = lines
        self.payment = payment
        self.issueDate = issueDate
        self.mentions = mentions
        self.observations = observations
    }

    func json(company: String) -> JSON {
        .object(present: [
            ("companyVatCode", .string(company)), ("client", buyer.json), ("isDraft", .bool(isDraft)),
            ("issueDate", .string(issueDate.text)), ("dueDate", .string(issueDate.text)),
            ("deliveryDate", .optional(deliveryDate?.text)), ("seriesName", .string(series)),
            ("currency", .string(currency.rawValue)), ("exchangeRate", exchangeRate.map(JSON.number)),
            ("language", .string(language)), ("precision", 2), ("mentions", .string(mentions)),
            ("observations", .string(observations)), ("useStock", false),
            ("useIntraCif", .bool(useIntraCode)),
            ("products", .array(lines.map { $0.line.json(tax: $0.tax, unit: unit) })),
            (
                "payment",
                payment.map {
                    [
                        "value": .number($0.value.decimalText), "type": .string($0.type.rawValue),
                        "isCash": false,
                    ]
                }
            ),
        ])
    }
}
