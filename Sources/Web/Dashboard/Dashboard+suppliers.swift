// Where a store's goods come from. Every supplier has the store's answer to its price rises; the merchant's
// own ones have a feed too: its address and mapping, a dry run that shows what would change, the rows that
// were set aside, and the readings so far.

import Commerce
import CommerceStore
import Foundation
import WebSupport

extension Dashboard {
    var supplierEndpoints: [Endpoint] {
        guard let desk = supplierDesk else { return [] }
        let root = "/stores/:store/suppliers"
        return [
            privatePage(root, suppliers),
            privatePage("\(root)/new") { request, account in
                try await freshSupplier(request, account, [], FeedForm.blank).response()
            },
            privateForm("\(root)/new") { try await addSupplier($0, $1, desk) },
            privatePage("\(root)/:supplier") { request, account in
                try await supplier(request, account, [], nil).response()
            },
            privateForm("\(root)/:supplier") { try await actOnSupplier($0, $1, desk) },
            privatePage("\(root)/:supplier/readings/:sync", reading),
        ]
    }

    // MARK: - All of them

    private func suppliers(_ request: WebRequest, _ account: Account) async throws -> WebResponse {
        let view = try await inStore(request, account, may: .read) { tx in
            let suppliers = try await OwnSuppliers().all(in: tx)
            var lines: [SupplierListView.Line] = []
            for supplier in suppliers {
                let feed = try await FeedBook().find(of: supplier.id, in: tx)
                var last: SupplierSyncLine?
                if let feed { last = try await SupplierSyncs().recent(of: feed.id, limit: 1, in: tx).first }
                lines.append(SupplierListView.Line(supplier: supplier, feed: feed, last: last))
            }
            return SupplierListView(
                store: try await Stores().load(in: tx), lines: lines,
                limit: try await Self.planLimit(in: tx))
        }
        return StorePage(
            request: request, account: account, store: view.store, place: .suppliers, main: view.html
        ).response()
    }

    /// Why the plan does not let this store have suppliers of its own; nil where it does.
    private static func planLimit(in tx: Transaction<OneTenant>) async throws -> PlanLimit? {
        do {
            try await PlanGate().check(.ownSupplier, in: tx)
            return nil
        } catch CommerceError.planLimit(let limit) {
            return limit
        }
    }

    // MARK: - Another one

    /// What a supplier of this store may charge in: other costs could not be converted.
    private static func currencies(_ store: Store) -> [Currency] {
        store.currency == .eur ? [.eur] : [store.currency, .eur]
    }

    private func freshSupplier(
        _ request: WebRequest, _ account: Account, _ problems: [FieldError], _ values: [String: String]
    ) async throws -> StorePage {
        let (store, limit) = try await inStore(request, account, may: .change) { tx in
            (try await Stores().load(in: tx), try await Self.planLimit(in: tx))
        }
        let form = FormView(
            request: request, action: request.path, fields: FeedForm.fields(Self.currencies(store)),
            values: values, problems: problems, button: "Save and look at a dry run",
            hidden: [("id", request.form["id"] ?? "\(SupplierID())")])
        let refusal: HTML? = limit.map { "<div class=\"note warn\"><p>\($0.description).</p></div>" }
        return StorePage(
            request: request, account: account, store: store, place: .suppliers,
            title: "A supplier of your own",
            main: """
                \(refusal)<p>Name the feed and say which of its columns is which. The first reading is a dry \
                run: it shows what it would add, and changes nothing.</p>\(form.html)
                """)
    }

    private func addSupplier(
        _ request: WebRequest, _ account: Account, _ desk: SupplierDesk
    ) async throws -> WebResponse {
        let store = try await inStore(request, account, may: .change) { try await Stores().load(in: $0) }
        let typed = request.typed(FeedForm.fields(Self.currencies(store)))
        func refused(_ problems: [FieldError]) async throws -> WebResponse {
            try await freshSupplier(request, account, problems, typed).response(status: 422)
        }
        let form = FeedForm(
            values: typed, currencies: Self.currencies(store), mayBePrivate: desk.mayReachPrivateHosts)
        let wish: FeedForm.Wish
        switch form.read() {
        case .success(let read): wish = read
        case .failure(let refusal): return try await refused(refusal.problems)
        }
        let id = SupplierID(rawValue: request.form["id"].flatMap { UUID(uuidString: $0) } ?? UUID())
        do {
            try await inStore(request, account, may: .change) { tx in
                let count = try await OwnSuppliers().all(in: tx).count(where: \.isOwn)
                guard count < OwnSuppliers.limit else {
                    throw WebProblem(.conflict, "a store has at most \(OwnSuppliers.limit) own suppliers")
                }
                try await OwnSuppliers().add(
                    id, OwnSuppliers.Request(name: wish.name, parcelShipping: wish.parcelShipping), in: tx)
                try await Self.requireOwn(id, in: tx)
                let feed = try await save(wish, of: id, in: tx)
                try await desk.start(
                    SupplierDesk.Wish(feed: feed, mode: .dryRun), "first:\(id)", tx)
                // It comes round by itself on the merchant's word, after the dry run was looked at.
                try await FeedBook().setActive(false, feed, in: tx)
                try await note("supplier.add", "\(id)", account, request, in: tx)
            }
        } catch CommerceError.planLimit(let limit) {
            return try await refused([FieldError("plan", limit.description)])
        }
        let asked = Int(request.receivedAt.timeIntervalSince1970)
        return .seeOther("\(StorePlace.suppliers.address(in: store.tenant))/\(id)?asked=\(asked)")
    }

    private func save(
        _ wish: FeedForm.Wish, of supplier: SupplierID, in tx: Transaction<OneTenant>
    ) async throws -> SupplierFeedID {
        let kind = "feed:\(supplier)"
        let before = try await FeedBook().find(of: supplier, in: tx)?.address
        // A login is for the host it was given for. Whoever names another host names the login again.
        if wish.login == nil, let before, FeedForm.isElsewhere(before, wish.feed.address) {
            try await onboarding.credentials.remove(kind: kind, in: tx)
        }
        if let login = wish.login { try await onboarding.credentials.save(login, kind: kind, in: tx) }
        var request = wish.feed
        let isOpened = try await onboarding.credentials.load(kind: kind, in: tx) != nil
        request.credentialKind = isOpened ? kind : nil
        return try await FeedBook().save(request, of: supplier, in: tx)
    }

    // MARK: - One of them

    private func supplier(
        _ request: WebRequest, _ account: Account, _ problems: [FieldError], _ typed: [String: String]?
    ) async throws -> StorePage {
        let id = try Self.supplierID(request)
        let view = try await inStore(request, account, may: .read) { tx in
            let supplier = try await OwnSuppliers().load(id, in: tx)
            let feed = try await FeedBook().find(of: id, in: tx)
            var readings: [SupplierSyncLine] = []
            if let feed { readings = try await SupplierSyncs().recent(of: feed.id, in: tx) }
            let store = try await Stores().load(in: tx)
            return SupplierView(
                request: request, store: store, supplier: supplier, feed: feed, readings: readings,
                limit: try await Self.planLimit(in: tx), problems: problems,
                values: typed ?? FeedForm.values(of: supplier, feed))
        }
        var page = StorePage(
            request: request, account: account, store: view.store, place: .suppliers,
            title: view.supplier.name, main: view.html)
        // A reading that was asked for shows by itself, also without scripts.
        page.refreshSeconds = view.isReading ? 3 : nil
        return page
    }

    private func actOnSupplier(
        _ request: WebRequest, _ account: Account, _ desk: SupplierDesk
    ) async throws -> WebResponse {
        switch request.form["act"] {
        case "save": return try await saveFeed(request, account, desk)
        case "policy": return try await savePolicy(request, account)
        case "on", "off":
            let isActive = request.form["act"] == "on"
            try await inStore(request, account, may: .change) { tx in
                let feed = try await Self.feed(request, in: tx)
                try await FeedBook().setActive(isActive, feed.id, in: tx)
                try await note("feed.\(isActive ? "on" : "off")", "\(feed.id)", account, request, in: tx)
            }
            return .seeOther(request.path)
        case "sync", "dry-run", "force": return try await startReading(request, account, desk)
        default: throw WebProblem(.invalidFields, "there is no such action")
        }
    }

    /// The platform's suppliers have no feed that a merchant could name.
    private static func requireOwn(_ id: SupplierID, in tx: Transaction<OneTenant>) async throws {
        guard try await OwnSuppliers().load(id, in: tx).isOwn else {
            throw WebProblem(.notFound, "this is no supplier of your own")
        }
    }

    private static func feed(_ request: WebRequest, in tx: Transaction<OneTenant>) async throws -> Feed {
        let id = try supplierID(request)
        try await requireOwn(id, in: tx)
        guard let feed = try await FeedBook().find(of: id, in: tx) else {
            throw WebProblem(.notFound, "this supplier has no feed")
        }
        return feed
    }

    private func startReading(
        _ request: WebRequest, _ account: Account, _ desk: SupplierDesk
    ) async throws -> WebResponse {
        let act = request.form["act"] ?? ""
        // The page names each press, so that one that is sent twice is one.
        let press = request.form["press"].flatMap { UUID(uuidString: $0) } ?? UUID()
        do {
            try await inStore(request, account, may: .change) { tx in
                try await PlanGate().check(.ownSupplier, in: tx)
                let feed = try await Self.feed(request, in: tx)
                let wish = SupplierDesk.Wish(
                    feed: feed.id, mode: act == "dry-run" ? .dryRun : .apply, isForced: act == "force")
                try await desk.start(wish, "by-hand:\(press)", tx)
                try await note("feed.\(act)", "\(feed.id)", account, request, in: tx)
            }
        } catch CommerceError.planLimit(let limit) {
            let problem = FieldError("plan", limit.description)
            return try await supplier(request, account, [problem], nil).response(status: 422)
        }
        return .seeOther("\(request.path)?asked=\(Int(request.receivedAt.timeIntervalSince1970))")
    }

    private func saveFeed(
        _ request: WebRequest, _ account: Account, _ desk: SupplierDesk
    ) async throws -> WebResponse {
        let id = try Self.supplierID(request)
        let known = try await inStore(request, account, may: .change) { tx in
            try await OwnSuppliers().load(id, in: tx)
        }
        guard known.isOwn else { throw WebProblem(.notFound) }
        let typed = request.typed(FeedForm.fields([known.currency]))
        let form = FeedForm(
            values: typed, currencies: [known.currency], mayBePrivate: desk.mayReachPrivateHosts)
        switch form.read() {
        case .failure(let refusal):
            return try await supplier(request, account, refusal.problems, typed).response(status: 422)
        case .success(let wish):
            try await inStore(request, account, may: .change) { tx in
                try await OwnSuppliers().change(
                    id, to: OwnSuppliers.Request(name: wish.name, parcelShipping: wish.parcelShipping),
                    in: tx)
                let wasActive = try await FeedBook().find(of: id, in: tx)?.isActive ?? false
                let feed = try await save(wish, of: id, in: tx)
                try await FeedBook().setActive(wasActive, feed, in: tx)
                try await note("feed.save", "\(feed)", account, request, in: tx)
            }
            return .seeOther(request.path)
        }
    }

    private func savePolicy(_ request: WebRequest, _ account: Account) async throws -> WebResponse {
        guard let policy = request.form["policy"].flatMap({ PriceRisePolicy(rawValue: $0) }) else {
            throw WebProblem(.invalidFields, "there is no such policy")
        }
        try await inStore(request, account, may: .change) { tx in
            let supplier = try await OwnSuppliers().load(try Self.supplierID(request), in: tx)
            try await FeedBook().setPricePolicy(policy, of: supplier.id, in: tx)
            try await note("supplier.policy", "\(supplier.id) \(policy.rawValue)", account, request, in: tx)
        }
        return .seeOther(request.path)
    }

    // MARK: - One reading

    private func reading(_ request: WebRequest, _ account: Account) async throws -> WebResponse {
        let id = try Self.supplierID(request)
        guard let sync = UUID(uuidString: try request.parameter("sync")).map(SupplierSyncID.init(rawValue:))
        else { throw WebProblem(.notFound) }
        let after = request.query["after"].flatMap(SKU.init(rawValue:))
        let row = request.query["row"].flatMap { Int($0) } ?? 0
        let (store, view) = try await inStore(request, account, may: .read) { tx in
            let line = try await SupplierSyncs().load(sync, in: tx)
            // A reading of another supplier of the same store is not this one's.
            guard try await FeedBook().find(of: id, in: tx)?.id == line.feed else {
                throw WebProblem(.notFound)
            }
            let view = ReadingView(
                request: request, supplier: try await OwnSuppliers().load(id, in: tx), line: line,
                changes: try await SupplierItems().changes(
                    found: sync, after: after, limit: ReadingView.pageSize, in: tx),
                setAside: try await SupplierSyncs().quarantined(
                    by: sync, after: row, limit: ReadingView.pageSize, in: tx))
            return (try await Stores().load(in: tx), view)
        }
        var page = StorePage(
            request: request, account: account, store: store, place: .suppliers,
            title: view.title, main: view.html)
        page.refreshSeconds = view.line.state == .open ? 3 : nil
        return page.response()
    }
}
