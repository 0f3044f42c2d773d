// The pages for suppliers: all of them, one with its feed, and one reading of a feed.

import Commerce
import CommerceStore
import Foundation
import WebSupport

extension PriceRisePolicy {
    var words: String {
        switch self {
        case .follow: "raise my price by the same share"
        case .pause: "keep my price and pause the product"
        case .notify: "keep my price and tell me"
        }
    }
}

extension SyncState {
    var tag: HTML {
        switch self {
        case .open: "<span class=\"tag\">under way</span>"
        case .done: "<span class=\"tag good\">done</span>"
        case .unchanged: "<span class=\"tag good\">nothing new</span>"
        case .stopped: "<span class=\"tag warn\">stopped</span>"
        case .failed: "<span class=\"tag warn\">failed</span>"
        case .superseded: "<span class=\"tag\">replaced by a newer one</span>"
        }
    }
}

/// The suppliers of a store.
struct SupplierListView: Sendable {
    struct Line: Sendable {
        let supplier: StoreSupplier
        let feed: Feed?
        let last: SupplierSyncLine?
    }

    let store: Store
    let lines: [Line]
    /// Why there can be none of the merchant's own; nil where there can.
    let limit: PlanLimit?

    private var root: String { StorePlace.suppliers.address(in: store.tenant) }

    var html: HTML {
        let none: HTML = """
            <div class="empty"><p>Nothing you sell has a supplier yet.</p><p><a href="\
            \(link: "/stores/\(store.tenant)/catalogue")">Add from the catalogue</a></p></div>
            """
        let table = HTML.table(
            "Suppliers", ["Supplier", "Products", "When it charges more", "Last reading"], lines.map(cells))
        let way: HTML =
            if let limit {
                """
                <div class="note"><p>\(limit.description). <a href="/billing">Compare the plans</a></p></div>
                """
            } else {
                "<p><a class=\"button\" href=\"\(link: "\(root)/new")\">Add a supplier of your own</a></p>"
            }
        return "\(lines.isEmpty ? none : table)\(way)"
    }

    private func cells(_ line: Line) -> [HTML] {
        let kind = line.supplier.isOwn ? "your own" : "from the platform"
        let reading: HTML =
            if let last = line.last {
                "\(last.state.tag) \(HTML.time(last.startedAt))"
            } else {
                line.supplier.isOwn ? "never" : "by the platform"
            }
        return [
            """
            <a href="\(link: "\(root)/\(line.supplier.id)")">\(line.supplier.name)</a>\
            <br><span class="fine">\(kind)</span>
            """,
            "\(line.supplier.products)", "\(line.supplier.pricePolicy.words)", reading,
        ]
    }
}

/// One supplier.
struct SupplierView: Sendable {
    let request: WebRequest
    let store: Store
    let supplier: StoreSupplier
    let feed: Feed?
    /// The newest first.
    let readings: [SupplierSyncLine]
    let limit: PlanLimit?
    let problems: [FieldError]
    let values: [String: String]

    private var address: String { "\(StorePlace.suppliers.address(in: store.tenant))/\(supplier.id)" }

    /// Longer than a minute nobody waits before a run that was asked for.
    private static let patience = 60

    /// Whether a reading is under way, or was asked for and has not begun.
    var isReading: Bool {
        if readings.first?.state == .open { return true }
        let now = Int(request.receivedAt.timeIntervalSince1970)
        guard let asked = request.query["asked"].flatMap({ Int($0) }), now - asked < Self.patience else {
            return false
        }
        return !readings.contains { Int($0.startedAt.timeIntervalSince1970) >= asked }
    }

    var html: HTML {
        """
        <p><a href="\(link: StorePlace.suppliers.address(in: store.tenant))">All suppliers</a></p>\
        \(supplier.isOwn ? own : platform)
        <h2>When it charges more</h2>\(policy)
        \(supplier.isOwn ? settings : .empty)
        """
    }

    private var platform: HTML {
        """
        <p>The platform reads this supplier for all stores. You sell \(supplier.products) of its articles. \
        <a href="\(link: "/stores/\(store.tenant)/catalogue")">Add from the catalogue</a></p>
        """
    }

    // MARK: - Readings

    private var own: HTML {
        let refusal: HTML? = limit.map {
            "<div class=\"note warn\"><p>\($0.description). Its feed is not read.</p></div>"
        }
        let waiting: HTML? =
            isReading
            ? """
            <div class="note" role="status"><p>The feed is being read. <a href="\(link: request.path)">\
            Look again</a></p></div>
            """ : nil
        return """
            \(refusal)\(waiting)<p>You sell \(supplier.products) of its articles. \
            <a href="\(link: "\(address)/articles")">Add more of them</a></p>
            <div class="acts">\(acts)</div>\(turn)<h2>Readings of the feed</h2>\(past)
            """
    }

    private var acts: [HTML] {
        guard let feed else { return [] }
        let press = [(name: "press", value: UUID().uuidString.lowercased())]
        func one(_ words: String, _ act: String, isQuiet: Bool = true) -> HTML {
            request.button(words, at: address, act: act, hidden: press, isQuiet: isQuiet)
        }
        var acts = [one("Read it now", "sync", isQuiet: false), one("Dry run", "dry-run")]
        if readings.first?.state == .stopped {
            acts.append(one("Read it now, and take the missing ones off", "force"))
        }
        acts.append(
            feed.isActive ? one("Stop reading by itself", "off") : one("Read it by itself from now on", "on"))
        return acts
    }

    private var turn: HTML {
        guard let feed else { return "<p>It has no feed yet.</p>" }
        guard feed.isActive else { return "<p class=\"fine\">It is read only when you ask for it.</p>" }
        return "<p class=\"fine\">It is read again \(HTML.time(feed.nextSync)).</p>"
    }

    private var past: HTML {
        guard !readings.isEmpty else {
            return "<div class=\"empty\"><p>The feed was not read yet. Begin with a dry run.</p></div>"
        }
        let rows = readings.map { line -> [HTML] in
            let counts = line.counts
            let kind = line.mode == .dryRun ? "dry run" : "reading"
            let link = "\(address)/readings/\(line.id)"
            let news =
                "\(counts.added) added, \(counts.changed) changed, \(counts.removed) taken off, "
                + "\(counts.unchanged) as before"
            let problem: HTML? = line.problem.map { "<br><span class=\"error\">\($0)</span>" }
            return [
                "<a href=\"\(link: link)\">\(HTML.time(line.startedAt))</a>", "\(kind)",
                "\(line.state.tag)\(problem)", "\(counts.read)", "\(news)", "\(counts.refused)",
            ]
        }
        return .table(
            "Newest first", ["Began", "What", "How it ended", "Rows", "Found", "Set aside"], rows)
    }

    // MARK: - Settings

    private var policy: HTML {
        let fields = [
            FormField(
                "policy", "My prices",
                hint: "A product that would lose money is paused in any case.", width: "half",
                choices: PriceRisePolicy.allCases.map { ($0.rawValue, $0.words) })
        ]
        return FormView(
            request: request, action: address, fields: fields,
            values: ["policy": supplier.pricePolicy.rawValue], button: "Save", hidden: [("act", "policy")]
        ).html
    }

    private var settings: HTML {
        let form = FormView(
            request: request, action: address, fields: FeedForm.fields([supplier.currency]), values: values,
            problems: problems, button: "Save the feed", hidden: [("act", "save")])
        return "<h2>The feed</h2>\(form.html)"
    }
}

/// One reading of a feed: what it found, and which rows it set aside.
struct ReadingView: Sendable {
    static let pageSize = 100

    let request: WebRequest
    let supplier: StoreSupplier
    let line: SupplierSyncLine
    /// What a dry run found.
    let changes: [SupplierItems.Change]
    let setAside: [RowProblem]

    var title: String { line.mode == .dryRun ? "Dry run" : "Reading" }

    var html: HTML {
        let back = request.path.prefix { $0 != "?" }.split(separator: "/").dropLast(2)
            .joined(separator: "/")
        let problem: HTML? = line.problem.map {
            "<div class=\"note bad\"><p><strong>It did not come to its end.</strong> \($0)</p></div>"
        }
        let again: HTML? =
            line.state == .open ? "<p><a href=\"\(link: request.path)\">Look again</a></p>" : nil
        return """
            <p><a href="\(link: "/" + back)">\(supplier.name)</a></p>
            <p>\(line.state.tag) Began \(HTML.time(line.startedAt))</p>\(again)\(problem)\(counts)
            \(line.mode == .dryRun ? difference : .empty)
            <h2>Rows set aside</h2>\(aside)
            """
    }

    private var counts: HTML {
        let counts = line.counts
        let parts = [
            ("Rows read", counts.read), ("Added", counts.added), ("Changed", counts.changed),
            ("As before", counts.unchanged), ("Taken off", counts.removed), ("Set aside", counts.refused),
            ("Prices that followed", counts.repriced), ("Products paused", counts.paused),
        ]
        let rows = parts.map { "<dt>\($0.0)</dt><dd>\($0.1)</dd>" as HTML }
        return "<dl class=\"sums panel\">\(rows)</dl>"
    }

    private var difference: HTML {
        guard !changes.isEmpty else {
            let words = line.state == .open ? "Nothing was found yet." : "Nothing would change."
            return "<h2>What would change</h2><p>\(words)</p>"
        }
        let rows = changes.map { change -> [HTML] in
            [
                "<code>\(change.reference.rawValue)</code>", "\(change.kind.words)",
                Self.arrow(change.before?.title, change.after?.title),
                Self.arrow(change.before?.cost.text, change.after?.cost.text),
                Self.arrow(change.before.map { "\($0.stock)" }, change.after.map { "\($0.stock)" }),
            ]
        }
        let more: HTML? = Self.more(
            "after", after: changes.last?.reference.rawValue, of: changes.count, request)
        let table = HTML.table(
            "What would change, by article", ["Article", "What", "Title", "Cost", "Stock"], rows)
        return "<h2>What would change</h2>\(table)\(more)"
    }

    private var aside: HTML {
        guard !setAside.isEmpty else { return "<p>None.</p>" }
        let rows = setAside.map { problem -> [HTML] in
            [
                "\(problem.row)", "\(problem.field)", "\(problem.reference ?? "")", "\(problem.reason)",
                "<code>\(problem.excerpt)</code>",
            ]
        }
        let last = setAside.last.map { "\($0.row)" }
        let table = HTML.table(
            "In the order of the feed", ["Row", "Field", "Article", "Why", "What was found"], rows)
        return """
            <p class="fine">What you sell of these articles stays as the feed told it last.</p>\(table)\
            \(Self.more("row", after: last, of: setAside.count, request))
            """
    }

    private static func arrow(_ before: String?, _ after: String?) -> HTML {
        guard let before, let after, before != after else { return "\(before ?? after ?? "")" }
        return "<del>\(before)</del> → <ins>\(after)</ins>"
    }

    private static func more(
        _ name: String, after last: String?, of count: Int, _ request: WebRequest
    ) -> HTML? {
        guard count == pageSize, let last else { return nil }
        let address = "\(request.path)?\(name)=\(PercentCoding.encode(last))"
        return "<p><a href=\"\(link: address)\">More</a></p>"
    }
}

extension SupplierItems.Change.Kind {
    fileprivate var words: String {
        switch self {
        case .added: "would be added"
        case .changed: "would change"
        case .removed: "would be taken off"
        }
    }
}
