// Orders of all stores, and one order with everything that hangs from it: where it stands, the runs that
// serve it with the reason of the one that decides, its money, and what the books say.

import Commerce
import CommerceStore
import Durable
import Fleet
import Foundation
import WebSupport

extension Console {
    var orderEndpoints: [Endpoint] {
        [privatePage("/ops/orders", orderList), privatePage("/ops/orders/{tenant}/{order}", orderPage)]
    }

    private static let pageSize = 50

    private func orderList(_ request: WebRequest, _ admin: Admin) async throws -> WebResponse {
        let view = PlatformOrders.View(rawValue: request.query["view"] ?? "") ?? .all
        let tenant = request.query["tenant"].flatMap { UUID(uuidString: $0) }.map { TenantID(rawValue: $0) }
        let last = request.query["before"].flatMap { UUID(uuidString: $0) }.map { OrderID(rawValue: $0) }
        let number = (request.query["number"] ?? "").trimmingCharacters(in: .whitespaces)
        let lines =
            number.isEmpty
            ? try await orders.recent(view, of: tenant, before: last, limit: Self.pageSize)
            : try await orders.search(number)
        let older =
            number.isEmpty && lines.count == Self.pageSize
            ? lines.last.map { ["before": $0.id.description] } : nil
        let links = PlatformOrders.View.allCases.map { each -> HTML in
            let mark: HTML = each == view ? " aria-current=\"page\"" : ""
            let path = PageAddress(request).with(["view": each.rawValue, "before": "", "number": ""])
            return "<li><a href=\"\(path)\"\(mark)>\(Self.words(each))</a></li>"
        }
        let search = Entry("number", "Number, id, payment or address")
        return ConsolePage(
            request, title: "Orders", admin: admin,
            main: """
                <h1>Orders</h1>\
                <form method="get" action="/ops/orders" class="filters panel">\(search.html(request, []))\
                <div><button>Find</button></div></form>\
                <nav aria-label="Views"><ul class="tabs">\(links)</ul></nav>\
                \(OrderTable(lines: lines, now: request.receivedAt).html)\
                <p class="pager">\(Pager(request: request, last: older).html)</p>
                """
        ).response()
    }

    private static func words(_ view: PlatformOrders.View) -> String {
        switch view {
        case .all: "All"
        case .attention: "Need a person"
        case .unforwarded: "Paid, not forwarded"
        }
    }

    private func orderPage(_ request: WebRequest, _ admin: Admin) async throws -> WebResponse {
        guard let tenant = UUID(uuidString: try request.parameter("tenant")),
            let id = UUID(uuidString: try request.parameter("order")),
            let file = try await orders.file(OrderID(rawValue: id), of: TenantID(rawValue: tenant))
        else { throw WebProblem(.notFound) }
        let now = request.receivedAt
        let family = try await tools.runs.family(
            of: file.runs.map { RunID(rawValue: $0) }, startedWith: file.runKeys,
            for: Tenant(file.line.tenant.description))
        let decisive = Trouble.pick(family)
        var why: Explanation?
        if let decisive { why = try await tools.opened.why(decisive.id) }
        return ConsolePage(
            request, title: "Order #\(file.line.number)", admin: admin,
            main: """
                <h1>Order #\(String(file.line.number)) <span class="fine">\(file.storeName)</span></h1>
                \(OrderReason(run: decisive, why: why).html)\(Self.answerLink(file))\
                \(OrderFacts(file: file, now: now).html)
                \(RunTable(caption: "Runs that serve it", lines: family, now: now).html)
                \(OrderParts(file: file, now: now).html)\(OrderMoney(file: file).html)
                \(LedgerTable(entries: file.entries).html)
                """
        ).response()
    }
}

/// Why the order stands where it stands: the sentence of the run that decides it.
struct OrderReason: Sendable {
    let run: RunLine?
    let why: Explanation?

    var html: HTML {
        guard let run else {
            return """
                <section class="why"><p class="sentence">No run is on record for it.</p></section>
                """
        }
        let evidence = (why?.evidence ?? []).map { "<p>\($0)</p>" as HTML }
        return """
            <section class="why" aria-label="Why it stands where it stands">\
            <p class="sentence">\(why?.sentence ?? "")</p>\(evidence)\
            <p>\(Show.status(run.status)) \(run.workflow.rawValue) · \
            <a href="/ops/runs/\(run.id.description)">open the run and act on it</a></p></section>
            """
    }
}

struct OrderTable: Sendable {
    let lines: [PlatformOrders.Line]
    let now: Date

    var html: HTML {
        DataTable(
            caption: "Orders", headings: ["Order", "Store", "Total", "Status", "Placed", "Paid", "Run"],
            rows: lines.map { line in
                [
                    Show.order(line), Show.tenant(line.tenant.description, named: line.store),
                    Show.money(line.total), OrderStatusTags(line.status).html,
                    Show.time(line.placedAt, now), Show.time(line.paidAt, now),
                    line.run.map { Show.run(RunID(rawValue: $0)) } ?? .empty,
                ]
            }, empty: "No orders match."
        ).html
    }
}

struct OrderFacts: Sendable {
    let file: OrderFile
    let now: Date

    var html: HTML {
        let line = file.line
        let units = file.units.map { "\($0.count) \($0.state)" }.joined(separator: ", ")
        return FactList(facts: [
            ("Store", Show.tenant(line.tenant.description, named: line.store)),
            ("Status", OrderStatusTags(line.status).html), ("Units", "\(units)"),
            ("Placed", Show.time(line.placedAt, now)), ("Paid", Show.time(line.paidAt, now)),
            ("Buyer", "\(file.maskedEmail), \(file.country)"), ("Plan", "\(file.plan)"),
            ("Order", "<code>\(line.id.description)</code>"),
        ]).html
    }
}

struct OrderParts: Sendable {
    let file: OrderFile
    let now: Date

    var html: HTML { attention + suppliers + payments + refunds + invoices }

    private var attention: HTML {
        guard !file.attention.isEmpty else { return .empty }
        return DataTable(
            caption: "What a person was asked to look at",
            headings: ["What", "Message", "Opened", "Resolved"],
            rows: file.attention.map { item in
                [
                    Show.tag(item.kind, item.resolvedAt == nil ? "warn" : ""), "\(item.message)",
                    Show.time(item.openedAt, now),
                    item.resolvedAt.map { "\(Show.time($0, now)) by \(item.resolvedBy ?? "")" } ?? "open",
                ]
            }
        ).html
    }

    private var suppliers: HTML {
        DataTable(
            caption: "Supplier orders",
            headings: ["Reference", "Supplier", "State", "Their number", "Problem", "Run", "Last move"],
            rows: file.suppliers.map { part in
                [
                    "<code>\(part.reference)</code>", "\(part.supplier) \(part.warehouse)",
                    Show.tag(part.state), "\(part.externalIDs.joined(separator: ", "))",
                    "\(part.problem ?? "")", part.run.map { Show.run(RunID(rawValue: $0)) } ?? .empty,
                    Show.time(part.updatedAt, now),
                ]
            }, empty: "Nothing was asked of a supplier yet."
        ).html
    }

    private var payments: HTML {
        DataTable(
            caption: "Payments", headings: ["Payment", "Status", "Amount", "Captured", "Withheld", "Made"],
            rows: file.payments.map { part in
                [
                    "<code>\(part.intent ?? "not at Stripe yet")</code>", Show.tag(part.status),
                    Show.money(part.amount), Show.money(part.captured), Show.money(part.fee),
                    Show.time(part.createdAt, now),
                ]
            }
        ).html
    }

    private var refunds: HTML {
        guard !file.refunds.isEmpty else { return .empty }
        return DataTable(
            caption: "Refunds", headings: ["Cause", "Status", "Amount", "Of the fee", "Problem", "Made"],
            rows: file.refunds.map { part in
                [
                    "\(part.cause.replacing("_", with: " "))", Show.tag(part.status), Show.money(part.amount),
                    Show.money(part.fee), "\(part.problem ?? "")", Show.time(part.createdAt, now),
                ]
            }
        ).html
    }

    private var invoices: HTML {
        DataTable(
            caption: "Invoices", headings: ["Kind", "Status", "Number", "Attempts", "Problem"],
            rows: file.invoices.map { part in
                [
                    "\(part.kind)", Show.tag(part.status), "\(part.number ?? "")", "\(part.attempts)",
                    "\(part.problem ?? "")",
                ]
            }, empty: "No invoice yet."
        ).html
    }
}

/// The order's money: what each side gets, and what the platform keeps after the processor's fee.
struct OrderMoney: Sendable {
    let file: OrderFile

    var html: HTML {
        let amounts = file.amounts
        let rows: [(String, String, Money)] = [
            ("G", "the shopper pays", amounts.gross), ("S", "the supplier gets", amounts.supplier),
            ("M", "catalogue markup", amounts.markup), ("C", "commission", amounts.commission),
            ("P", "card processing", amounts.processing), ("W", "withheld", amounts.withheld),
            ("N", "the merchant keeps", amounts.margin),
        ]
        let result: [HTML] =
            file.platformResult.map {
                ["after Stripe's fee", "the platform keeps", Show.money($0)]
            } ?? ["after Stripe's fee", "the platform keeps", "not known yet"]
        return DataTable(
            caption: "Money", headings: ["", "What", "Amount"],
            rows: rows.map { ["\($0.0)", "\($0.1)", Show.money($0.2)] } + [result]
        ).html
    }
}

struct LedgerTable: Sendable {
    let entries: [PostedEntry]

    var html: HTML {
        var sums: [Currency: Int64] = [:]
        for entry in entries {
            sums[entry.posting.amount.currency, default: 0] += entry.posting.amount.minorUnits
        }
        let isBalanced = sums.values.allSatisfy { $0 == 0 }
        let badge = isBalanced ? Show.tag("balanced", "good") : Show.tag("out of balance", "bad")
        let table = DataTable(
            caption: "What the books say of it", headings: ["Account", "Amount", "Cause", "When"],
            rows: entries.map { entry in
                [
                    "<code>\(entry.posting.account.rawValue)</code>", Show.money(entry.posting.amount),
                    "\(entry.source.record.rawValue) \(entry.source.kind.rawValue)",
                    Show.clock(entry.occurredAt),
                ]
            }, empty: "Nothing is posted for it."
        ).html
        return entries.isEmpty ? table : "<p>\(badge)</p>" + table
    }
}
