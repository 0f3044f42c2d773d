import Foundation

// Reading the body of an invoice the way SmartBill does: which rates exist, which lines a discount covers,
// whether VAT is in the price. The total must come out as the merchant's customer paid it.

/// A checked invoice body.
struct SmartBillInvoiceBody: Sendable {
    private static let lineLimit = 400
    private static let currencies: Set<String> = ["RON", "EUR", "USD", "GBP", "HUF", "CHF"]
    private static let languages: Set<String> = ["RO", "EN", "FR", "IT", "ES", "HU", "DE"]

    /// The rates that every company here has defined.
    static let taxes: [(name: String, percentage: Decimal)] = [
        ("Normala", 21), ("Redusa", 11), ("Taxare inversa", 0), ("SDD", 0), ("SFDD", 0), ("TVA Inclus", 0),
    ]

    let series: String
    let isDraft: Bool
    let content: SmartBillContent

    /// - Parameter invoice: the bare object.
    init(_ invoice: JSON, today: String, closedUntil: String?) throws(SmartBillProblem) {
        let client = invoice["client"]
        guard !client.object.isEmpty else { throw .invalid("client trebuie specificat") }
        guard !(client["name"].string ?? "").isEmpty else { throw .invalid("Client invalid!") }
        let issueDate = invoice["issueDate"].string ?? today
        guard Self.isDate(issueDate) else { throw .dateMalformed }
        let currency = invoice["currency"].string ?? "RON"
        guard Self.currencies.contains(currency) else {
            throw .invalid("Moneda nu a fost gasita pe server!")
        }
        guard Self.languages.contains(invoice["language"].string ?? "RO") else {
            throw .invalid("Limba nu a fost gasita pe server!")
        }
        if invoice["useStock"].bool == true { throw .refused("Modulul stoc nu este activ!") }
        if let closedUntil, issueDate <= closedUntil {
            throw .refused("Nu puteti adauga documentul intr-o perioada inchisa")
        }
        series = invoice["seriesName"].string ?? "CFX"
        isDraft = invoice["isDraft"].bool ?? false
        let total = try Self.total(invoice["products"].array, in: currency)
        let paid = SandboxAmount.decimal(invoice["payment"]["value"]).map(SandboxAmount.hundredths) ?? 0
        content = SmartBillContent(
            client: client, products: invoice["products"], currency: currency, issueDate: issueDate,
            mentions: invoice["mentions"].string ?? "", observations: invoice["observations"].string ?? "",
            total: total, paid: paid)
    }

    private static func total(_ lines: [JSON], in currency: String) throws(SmartBillProblem) -> Int64 {
        guard lines.contains(where: { $0["isDiscount"].bool != true }) else {
            throw .invalid("Factura nu contine produse!")
        }
        guard lines.count <= lineLimit else {
            throw .invalid("Numarul maxim acceptat de 400 intrari pe document a fost depasit.")
        }
        // Net of VAT or not, each line is rounded by itself, as it is printed.
        var amounts: [Decimal] = []
        var gross: Int64 = 0
        for line in lines {
            let name = line["name"].string ?? ""
            guard !name.isEmpty, !(line["measuringUnitName"].string ?? "").isEmpty else {
                throw .invalid("Produs invalid!")
            }
            guard line["currency"].string == currency || currency == "RON" else {
                throw .invalid("Moneda produsului \(name) este diferita de moneda facturii.")
            }
            let rate = try rate(of: line, name)
            let amount = try line["isDiscount"].bool == true ? discount(line, on: amounts) : price(line, name)
            amounts.append(amount)
            let isIncluded = line["isTaxIncluded"].bool ?? false
            gross += SandboxAmount.hundredths(isIncluded ? amount : amount * (1 + rate / 100))
        }
        return gross
    }

    private static func price(_ line: JSON, _ name: String) throws(SmartBillProblem) -> Decimal {
        guard let quantity = SandboxAmount.decimal(line["quantity"]), quantity != 0,
            let price = SandboxAmount.decimal(line["price"])
        else { throw .invalid("Pretul sau cantitatea produsului \(name) trebuie specificate") }
        return quantity * price
    }

    /// By value, or by percent of the lines right above it.
    private static func discount(_ line: JSON, on above: [Decimal]) throws(SmartBillProblem) -> Decimal {
        let count = Int(line["numberOfItems"].integer ?? 1)
        guard (1...max(1, above.count)).contains(count), !above.isEmpty else {
            throw .invalid("Numarul de produse al discountului nu este corect.")
        }
        if (line["discountType"].integer ?? 2) == 2 {
            let percent = SandboxAmount.decimal(line["discountPercentage"]) ?? 0
            return -above.suffix(count).reduce(0, +) * percent / 100
        }
        guard let value = SandboxAmount.decimal(line["discountValue"]), value < 0 else {
            throw .invalid("Valoarea discountului trebuie sa fie negativa.")
        }
        return value
    }

    /// Name and percentage must exist together; a company that charges no VAT sends neither.
    private static func rate(of line: JSON, _ product: String) throws(SmartBillProblem) -> Decimal {
        let name = line["taxName"].string
        let percentage = SandboxAmount.decimal(line["taxPercentage"])
        if name == nil, percentage == nil { return 0 }
        let known = taxes.first { tax in
            (name == nil || tax.name == name) && (percentage == nil || tax.percentage == percentage)
        }
        guard let known else {
            throw .invalid("Cota tva a produsului \(product) nu a fost gasita pe server!")
        }
        return known.percentage
    }

    static func isDate(_ text: String) -> Bool {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.map(\.count) == [4, 2, 2], let month = Int(parts[1]), let day = Int(parts[2]) else {
            return false
        }
        return Int(parts[0]) != nil && (1...12).contains(month) && (1...31).contains(day)
    }
}
