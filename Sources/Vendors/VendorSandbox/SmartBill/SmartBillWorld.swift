import Foundation

// What SmartBill keeps: per pair of e-mail and token an account, in it the documents of each company, and
// per series a counter. The series' names are the same in every account; their counters are not.

/// The state of the SmartBill sandbox.
struct SmartBillWorld: Sendable {
    var now = Date()
    /// The first number of every series. It differs between worlds, so that books that outlive a sandbox
    /// never meet a number twice.
    private let firstNumber: Int64
    var series = SmartBillSeries.standard
    /// Companies that are no longer in the cloud, without the country's prefix.
    var closedCompanies: Set<String> = []
    /// Documents cannot be dated up to this day.
    var closedUntil: String?
    private(set) var invoices: [SmartBillDocument] = []
    private var positions: [SmartBillDocument.Key: Int] = [:]
    private var counters: [SmartBillCounter: Int64] = [:]

    init(firstNumber: Int64) { self.firstNumber = firstNumber }

    /// What the next document of a series will be called.
    func nextNumber(_ counter: SmartBillCounter) -> Int64 {
        counters[counter] ?? series.first { $0.name == counter.series }?.firstNumber ?? firstNumber
    }

    /// Numbers are text of four digits or more.
    static func text(_ number: Int64) -> String {
        let plain = String(number)
        return String(repeating: "0", count: max(0, 4 - plain.count)) + plain
    }

    func find(_ key: SmartBillDocument.Key) throws(SmartBillProblem) -> SmartBillDocument {
        guard let position = positions[key] else { throw .noSuchInvoice(key.counter.series, key.number) }
        return invoices[position]
    }

    /// Gives a document the next number of its series and stores it. A draft takes no number.
    mutating func issue(
        _ content: SmartBillContent, in counter: SmartBillCounter, stornoOf original: String? = nil,
        isDraft: Bool = false
    ) -> SmartBillDocument {
        let next = nextNumber(counter)
        let number = isDraft ? "" : Self.text(next)
        let document = SmartBillDocument(
            key: SmartBillDocument.Key(counter: counter, number: number), content: content, isDraft: isDraft,
            stornoOf: original)
        invoices.append(document)
        guard !isDraft else { return document }
        positions[document.key] = invoices.count - 1
        counters[counter] = next + 1
        return document
    }

    mutating func change(_ document: SmartBillDocument) {
        guard let position = positions[document.key] else { return }
        invoices[position] = document
    }

    /// Removes the last document of its series, whose number is then given out again.
    mutating func delete(_ document: SmartBillDocument) throws(SmartBillProblem) {
        let counter = document.key.counter
        guard let position = positions[document.key],
            document.key.number == Self.text(nextNumber(counter) - 1)
        else {
            throw .refused(
                "Documentul cu seria \(counter.series) si numarul \(document.key.number) "
                    + "nu este ultimul din serie!")
        }
        invoices.remove(at: position)
        positions[document.key] = nil
        for (key, other) in positions where other > position { positions[key] = other - 1 }
        counters[counter] = nextNumber(counter) - 1
        if let original = document.stornoOf {
            let key = SmartBillDocument.Key(counter: counter, number: original)
            // The original may have been deleted too; then there is nothing left to set free.
            guard let reversed = positions[key] else { return }
            invoices[reversed].reversedBy = nil
        }
    }
}

/// A series of documents, the same in every account.
struct SmartBillSeries: Sendable {
    let name: String
    /// `f` invoice, `p` pro-forma, `c` receipt.
    let type: String
    /// Set by a lever; nil counts from the world's first number.
    var firstNumber: Int64?

    static let standard = [
        SmartBillSeries(name: "CFX", type: "f"), SmartBillSeries(name: "FCT", type: "f"),
        SmartBillSeries(name: "CFP", type: "p"), SmartBillSeries(name: "CFC", type: "c"),
    ]
}

/// Which counter gives a document its number.
struct SmartBillCounter: Sendable, Hashable {
    /// E-mail and token.
    let account: String
    /// Without the country's prefix.
    let company: String
    let series: String
}

/// What stands on a document.
struct SmartBillContent: Sendable {
    let client: JSON
    let products: JSON
    let currency: String
    let issueDate: String
    let mentions: String
    let observations: String
    /// VAT included.
    let total: Int64
    var paid: Int64
}

/// An invoice or a storno.
struct SmartBillDocument: Sendable {
    struct Key: Sendable, Hashable {
        let counter: SmartBillCounter
        /// With its leading zeros: "23" is not "0023".
        let number: String
    }

    let key: Key
    var content: SmartBillContent
    let isDraft: Bool
    /// The number of the invoice that this one reverses.
    let stornoOf: String?
    var reversedBy: String?
    var isAnnulled = false

    /// "CFX 0023"
    var title: String { "\(key.counter.series) \(key.number)" }

    /// For tests and the demo.
    var json: JSON {
        let state =
            isDraft ? "draft" : isAnnulled ? "annulled" : reversedBy == nil ? "issued" : "reversed"
        // The e-mail only: tokens stay out of what is shown.
        let account = key.counter.account.prefix { $0 != ":" }
        return [
            "id": .string(title), "account": .string(String(account)),
            "company": .string(key.counter.company), "series": .string(key.counter.series),
            "number": .string(key.number), "kind": stornoOf == nil ? "invoice" : "storno",
            "state": .string(state), "storno_of": JSON(stornoOf), "reversed_by": JSON(reversedBy),
            "client": content.client, "products": content.products, "currency": .string(content.currency),
            "issueDate": .string(content.issueDate), "mentions": .string(content.mentions),
            "observations": .string(content.observations), "total": SandboxAmount.json(content.total),
            "paid": SandboxAmount.json(content.paid),
        ]
    }
}
