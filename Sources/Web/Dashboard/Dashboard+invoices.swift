// The store's own invoices to its shoppers, in the merchant's own SmartBill account: what is issued, what
// waits, and what waits for a person, who tries it again from here. SmartBill tells nobody what became of an
// e-Factura; it sends them by the account's own setting, so the page says until when that must have happened.

import Commerce
import CommerceStore
import Foundation
import WebSupport

extension Dashboard {
    var invoiceEndpoints: [Endpoint] {
        let root = "/stores/:store/invoices"
        return [
            privatePage(root, invoicePage), privatePage("\(root)/:invoice/pdf", invoiceFile),
            privateForm("\(root)/:invoice/retry", retryInvoice),
        ]
    }

    private func invoicePage(_ request: WebRequest, _ account: Account) async throws -> WebResponse {
        let view = request.query["view"].flatMap(Invoices.View.init(rawValue:)) ?? .all
        let mark = PageMark(request)
        let (store, page, role) = try await inStore(request, account, may: .read) { tx in
            (
                try await Stores().load(in: tx), try await Invoices().page(view, after: mark, in: tx),
                try await Memberships(database).role(of: account.id, in: tx) ?? .viewer
            )
        }
        let root = StorePlace.invoices.address(in: store.tenant)
        let list = InvoiceList(request: request, root: root, role: role, canRetry: papers != nil)
        let notice: HTML? =
            store.smartBillTaxID == nil
            ? """
            <div class="note"><p>No SmartBill account is connected, so nothing is invoiced from here. \
            <a href="\(link: OnboardingStep.invoicing.address(in: store.tenant))">Connect it</a></p></div>
            """ : nil
        return StorePage(
            request: request, account: account, store: store, place: .invoices,
            main: """
                \(notice)\(list.views(view))\(list.html(page.elements, of: view))
                \(request.olderLink(page.next, keeping: ["view"]))
                <p class="fine">SmartBill sends e-Factura by the setting of your account there, and tells \
                nobody else what became of it. Until the day named here it must have been sent.</p>
                """
        ).response()
    }

    private func invoiceID(_ request: WebRequest) throws -> InvoiceID {
        guard let id = UUID(uuidString: try request.parameter("invoice")) else {
            throw WebProblem(.notFound)
        }
        return InvoiceID(rawValue: id)
    }

    private func invoiceFile(_ request: WebRequest, _ account: Account) async throws -> WebResponse {
        let id = try invoiceID(request)
        let (paper, pdf) = try await inStore(request, account, may: .read) { tx in
            (try await Invoices().listed(id, in: tx), try await Invoices().document(of: id, in: tx))
        }
        guard let pdf else { throw WebProblem(.notFound, "the document is not kept") }
        let name = [paper.series, paper.number].compactMap(\.self).joined(separator: "-")
        let plain = name.filter { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-") }
        return WebResponse(
            status: 200,
            headers: [
                "Content-Type": "application/pdf", "Cache-Control": "no-store",
                "Content-Disposition": "inline; filename=\"\(plain.isEmpty ? "invoice" : plain).pdf\"",
            ], body: .bytes([UInt8](pdf)))
    }

    private func retryInvoice(_ request: WebRequest, _ account: Account) async throws -> WebResponse {
        let id = try invoiceID(request)
        let tenant = try await inStore(request, account, may: .change) { tx in
            let asker = PaperDesk.Asker(actor: account.id.actor, requestID: request.id)
            guard let papers, try await papers.issueAgain(id, asked: asker, in: tx) else {
                throw WebProblem(.conflict, "this paper does not wait for you")
            }
            return tx.tenant
        }
        return .seeOther("\(StorePlace.invoices.address(in: tenant))?view=waiting")
    }
}

extension Invoices.Listed {
    var canBeRetried: Bool { status == .manual }

    var title: String {
        switch kind {
        case "invoice": "Invoice"
        case "storno": "Storno"
        default: "Credit"
        }
    }
}

private struct InvoiceList: Sendable {
    let request: WebRequest
    let root: String
    let role: StoreRole
    let canRetry: Bool

    func views(_ current: Invoices.View) -> HTML {
        let links = Invoices.View.allCases.map { view -> HTML in
            let mark: HTML = view == current ? " aria-current=\"page\"" : ""
            return "<a href=\"\(link: "\(root)?view=\(view.rawValue)")\"\(mark)>\(Self.title(view))</a> "
        }
        return "<nav aria-label=\"Views\" class=\"fine\">\(links)</nav>"
    }

    private static func title(_ view: Invoices.View) -> String {
        switch view {
        case .all: "All"
        case .waiting: "On their way"
        case .manual: "Need you"
        case .issued: "Issued"
        case .storno: "Taken back"
        }
    }

    func html(_ papers: [Invoices.Listed], of view: Invoices.View) -> HTML {
        guard !papers.isEmpty else {
            let words =
                view == .all
                ? "No order has been invoiced yet." : "There is none in this view."
            let clear: HTML? =
                view == .all ? nil : "<p><a href=\"\(link: root)\">Show all</a></p>"
            return "<div class=\"empty\"><p>\(words)</p>\(clear)</div>"
        }
        return .table(
            "Newest first", ["Order", "", "Number", "State", "Issued", "e-Factura", "PDF", ""],
            papers.map(row))
    }

    private func row(_ paper: Invoices.Listed) -> [HTML] {
        let number = [paper.series, paper.number].compactMap(\.self).joined(separator: " ")
        let here = "\(root)/\(paper.id)"
        let pdf: HTML =
            paper.hasDocument
            ? "<a href=\"\(link: "\(here)/pdf")\">PDF<span class=\"hidden\"> \(number)</span></a>" : "–"
        let retry: HTML =
            paper.canBeRetried && canRetry && role.may(.change)
            ? request.button("Try again", at: "\(here)/retry", act: "retry") : .empty
        return [
            "\(paper.orderNumber.description)", "\(paper.title)", "\(number)", state(paper),
            paper.issuedAt.map(HTML.time) ?? "–", eFactura(paper), pdf, retry,
        ]
    }

    private func state(_ paper: Invoices.Listed) -> HTML {
        let problem: HTML? = paper.problem.map { "<p class=\"fine\">\($0)</p>" }
        switch paper.status {
        case .pending: return "<span class=\"tag\">… pending</span>"
        case .retrying: return "<span class=\"tag warn\">↻ being tried again</span>\(problem)"
        case .manual: return "<span class=\"tag warn\">! needs you</span>\(problem)"
        case .issued: return "<span class=\"tag good\">✓ issued</span>"
        case .storno: return "<span class=\"tag\">↩ taken back</span>"
        }
    }

    private func eFactura(_ paper: Invoices.Listed) -> HTML {
        guard let issued = paper.issuedAt else { return "–" }
        let until = EFactura.deadline(of: issued)
        return until < request.receivedAt
            ? "<span class=\"fine\">was due</span>" : "<span class=\"fine\">by \(HTML.time(until))</span>"
    }
}

/// Until when the law wants an invoice reported. Public holidays are no working days either: they only make
/// the true day later than the one named here.
enum EFactura {
    static let workingDays = 5

    static func deadline(of issued: Date) -> Date {
        var calendar = Calendar(identifier: .gregorian)
        guard let zone = TimeZone(identifier: "Europe/Bucharest") else {
            preconditionFailure("the time zone of Romanian law must be known")
        }
        calendar.timeZone = zone
        var day = issued
        var left = workingDays
        while left > 0 {
            day = day.addingTimeInterval(86_400)
            if !calendar.isDateInWeekend(day) { left -= 1 }
        }
        return day
    }
}
