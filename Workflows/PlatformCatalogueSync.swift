// BigBuy is read once for all stores: it counts calls by the hour and by account, and no store could afford
// its own. Each list is pulled page by page, one recorded step per call; where the hour's calls are used up
// the step waits until they come back, without costing an attempt. Lists do not agree in their order, so
// they are joined by the supplier's own number in the catalogue. What comes in sizes and colours is sold as
// its variations. What the law wants beside an offer is in no list and is asked article by article, in pulls
// of its own. Then every store whose products cost something else now, or may not be sold any more, is told.

import BigBuy
import Commerce
import CommerceStore
import Durable
import FoundationEssentials
import SupplierFeeds

/// Pulls BigBuy's lists into the platform's catalogue.
package struct PlatformCatalogueSync: Workflow {
    package static let name: WorkflowName = "platform_catalogue_sync"

    package enum Step: String, WorkflowStep {
        case open, roots, pull, choose, ask, settle, unfold, retire, tell, close
    }

    package struct Input: Codable, Sendable {
        package let kind: CatalogueBook.Kind
        package init(kind: CatalogueBook.Kind) { self.kind = kind }
    }

    package struct Output: Codable, Sendable, Equatable {
        package var read = 0
        package var changed = 0
        package var refused = 0
        package var removed = 0
        package var storesTold = 0
        package var problem: String?
    }

    static let supplier = "bigbuy"
    /// Rows of one transaction: BigBuy's pages are ten times that.
    private static let batch = 1_000
    /// A pull that would take off more than this has met a broken list.
    private static let removalLimit = BasisPoints.percent(20)
    static let pageLimit = 200

    private enum List: String {
        case products, stocks, images
        case variationStocks = "variation_stocks"
    }

    let shop: Shop

    package func run(_ input: Input, _ flow: Flow<Self>) async throws -> Output {
        let begun = try await flow.now()
        _ = try await flow.step(.open) { _ in
            try await onPlatform { tx in
                try await CatalogueBook().open(
                    flow.id.rawValue, of: Self.supplier, input.kind, at: begun, in: tx)
            }
            return Nothing()
        }
        var output = Output()
        if input.kind == .safety { try await askForSafety(since: begun, flow, &output) }
        for root in try await input.kind == .safety ? [] : roots(flow) {
            if input.kind != .stock {
                try await pull(.products, input.kind, below: root, flow, &output)
                try await pullVariations(input.kind, below: root, flow, &output)
            }
            if input.kind != .prices {
                try await pull(.stocks, input.kind, below: root, flow, &output)
                try await pull(.variationStocks, input.kind, below: root, flow, &output)
            }
            guard input.kind == .full else { continue }
            try await pull(.images, input.kind, below: root, flow, &output)
            for language in Language.allCases {
                try await pullWords(in: language, below: root, flow, &output)
            }
        }
        if input.kind != .stock { try await unfold(input.kind, flow, &output) }
        if input.kind == .full { try await retire(flow, &output) }
        output.storesTold = try await tell(flow)
        let (result, ended) = (output, try await flow.now())
        _ = try await flow.step(.close) { _ in
            try await onPlatform { tx in
                try await CatalogueBook().close(
                    flow.id.rawValue, read: result.read, changed: result.changed, refused: result.refused,
                    removed: result.removed, problem: result.problem, at: ended, in: tx)
            }
            return Nothing()
        }
        return output
    }

    func onPlatform<Value: Sendable>(
        _ body: (Transaction<EveryTenant>) async throws -> Value
    ) async throws -> Value {
        try await ShopRefusal.naming { try await shop.database.platformTransaction(body) }
    }

    private func roots(_ flow: Flow<Self>) async throws -> [String] {
        try await flow.step(.roots, retry: .patient) { _ in
            let page = try await shop.bigbuy.taxonomies(.english)
            try await onPlatform { tx in
                try await CatalogueBook().saveCategories(
                    page.rows.map { ($0.id.rawValue, $0.parent?.rawValue, $0.name) }, of: Self.supplier,
                    in: .english, tx)
            }
            return page.rows.map(\.id.rawValue)
        }
    }

    /// What one call brought.
    struct Pulled: Codable, Sendable {
        let read: Int
        let changed: Int
        let refused: Int
        let isLast: Bool
    }

    private func pull(
        _ list: List, _ kind: CatalogueBook.Kind, below root: String, _ flow: Flow<Self>,
        _ output: inout Output
    ) async throws {
        try await pages(of: "\(list.rawValue):\(root)", flow, &output) { number in
            let id = BigBuyTaxonomy.ID(rawValue: root)
            let sync = flow.id.rawValue
            switch list {
            case .products:
                let page = try await shop.bigbuy.products(below: id, page: number)
                return try await keep(page, of: list.rawValue, sync) { rows, tx in
                    try await CatalogueBook().save(
                        rows.map(CatalogueBook.Entry.init), of: Self.supplier,
                        by: kind == .full ? sync : nil, tx)
                }
            case .stocks:
                let page = try await shop.bigbuy.stocks(below: id, page: number)
                return try await keepStocks(page, of: list.rawValue, sync)
            case .variationStocks:
                let page = try await shop.bigbuy.variationStocks(below: id, page: number)
                return try await keepStocks(page, of: list.rawValue, sync)
            case .images:
                let page = try await shop.bigbuy.images(below: id, page: number)
                return try await keep(page, of: list.rawValue, sync) { rows, tx in
                    try await CatalogueBook().saveImages(
                        rows.map { ($0.id.rawValue, $0.urls) }, of: Self.supplier, tx)
                }
            }
        }
    }

    private func pullWords(
        in language: Language, below root: String, _ flow: Flow<Self>, _ output: inout Output
    ) async throws {
        let list = "words_\(language.rawValue)"
        try await pages(of: "\(list):\(root)", flow, &output) { number in
            let page = try await shop.bigbuy.information(
                below: BigBuyTaxonomy.ID(rawValue: root), in: language, page: number)
            return try await keep(page, of: list, flow.id.rawValue) { rows, tx in
                try await CatalogueBook().saveWords(
                    rows.map { ($0.sku, $0.name, PlainText.ofHTML($0.unsafeDescription)) }, in: language,
                    of: Self.supplier, tx)
            }
        }
    }

    /// Pulls a list to its end. Returns how many of its rows could be read.
    @discardableResult
    func pages(
        of item: String, _ flow: Flow<Self>, _ output: inout Output,
        _ call: @Sendable @escaping (Int) async throws -> Pulled
    ) async throws -> Int {
        var read = 0
        for number in 0..<Self.pageLimit {
            let pulled = try await flow.step(.pull, for: "\(item):\(number)", retry: .patient) { _ in
                try await call(number)
            }
            read += pulled.read
            output.changed += pulled.changed
            output.refused += pulled.refused
            if pulled.isLast { break }
        }
        output.read += read
        return read
    }

    func keep<Item: Sendable>(
        _ page: BigBuyPage<Item>, of list: String, _ sync: UUID,
        _ save: (ArraySlice<Item>, Transaction<EveryTenant>) async throws -> Int
    ) async throws -> Pulled {
        try await keep(page, of: list, sync) { rows, tx in (try await save(rows, tx), []) }
    }

    /// Stores a page whose rows may prove to be of no use only when they are stored.
    func keep<Item: Sendable>(
        _ page: BigBuyPage<Item>, of list: String, _ sync: UUID,
        _ save: (ArraySlice<Item>, Transaction<EveryTenant>) async throws
            -> (changed: Int, refused: [(reference: String, reason: String)])
    ) async throws -> Pulled {
        var changed = 0
        var refused = page.unusable.map { (reference: $0.id ?? "-", reason: $0.reason) }
        for start in stride(from: 0, to: page.rows.count, by: Self.batch) {
            let rows = page.rows[start..<min(start + Self.batch, page.rows.count)]
            let saved = try await onPlatform { try await save(rows, $0) }
            changed += saved.changed
            refused += saved.refused
        }
        let aside = refused
        try await onPlatform { try await CatalogueBook().quarantine(aside, of: list, by: sync, $0) }
        return Pulled(
            read: page.rows.count, changed: changed, refused: refused.count,
            isLast: page.isLast(ofSize: BigBuyClient.pageSize))
    }

    private func keepStocks(
        _ page: BigBuyPage<BigBuyStock>, of list: String, _ sync: UUID
    ) async throws -> Pulled {
        try await keep(page, of: list, sync) { rows, tx in
            try await CatalogueBook().saveStock(
                rows.map { ($0.sku, $0.quantity) }, of: Self.supplier, tx)
            return 0
        }
    }

    private func retire(_ flow: Flow<Self>, _ output: inout Output) async throws {
        let retired = try await flow.step(.retire) { _ in
            try await onPlatform { tx in
                try await CatalogueBook().retireUnseen(
                    of: Self.supplier, by: flow.id.rawValue, limit: Self.removalLimit, tx)
            }
        }
        switch retired {
        case .removed(let count): output.removed = count
        case .tooMany(let count, let known):
            output.problem = "the lists leave out \(count) of \(known) articles; nothing was taken off"
        }
    }

    /// Each store meets its own prices in a run of its own.
    private func tell(_ flow: Flow<Self>) async throws -> Int {
        try await flow.step(.tell) { _ in
            let stores = try await onPlatform {
                try await CatalogueBook().storesToTell(of: Self.supplier, $0)
            }
            for store in stores {
                try await shop.inStore(Tenant(store.tenant)) { tx in
                    try await shop.starter.start(
                        MeetSupplierCosts.self, MeetSupplierCosts.Input(supplier: store.supplier),
                        once: "costs:\(flow.id):\(store.supplier)", with: tx)
                }
            }
            return stores.count
        }
    }
}

extension PlatformCatalogueSync: Scheduled {
    private static let full: ScheduleName = "catalogue.bigbuy.full"
    private static let stock: ScheduleName = "catalogue.bigbuy.stock"
    private static let prices: ScheduleName = "catalogue.bigbuy.prices"
    private static let safety: ScheduleName = "catalogue.bigbuy.safety"

    /// Ten calls an hour and list: a night for everything, and the stock as often as the hours allow. What is
    /// asked article by article goes on all day, a part each hour.
    package static var schedules: [Schedule] {
        get throws(ScheduleError) {
            [
                try Schedule(full, .cron("0 1 * * *"), in: "Europe/Bucharest"),
                try Schedule(stock, .cron("0 8,11,14,17,20,23 * * *"), in: "Europe/Bucharest"),
                try Schedule(prices, .cron("30 12 * * *"), in: "Europe/Bucharest"),
                try Schedule(safety, .cron("20 * * * *"), in: "Europe/Bucharest"),
            ]
        }
    }

    package static func input(for firing: ScheduledFiring) throws -> Input {
        switch firing.schedule {
        case stock: Input(kind: .stock)
        case prices: Input(kind: .prices)
        case safety: Input(kind: .safety)
        default: Input(kind: .full)
        }
    }
}

extension CatalogueBook.Entry {
    fileprivate init(_ product: BigBuyProduct) {
        self.init(
            sourceID: product.id.rawValue, reference: product.sku, ean: product.ean,
            brand: product.manufacturer, category: product.taxonomy?.rawValue, cost: product.wholesalePrice,
            recommended: product.recommendedPrice, isActive: product.isActive,
            isVaried: product.hasVariations)
    }
}
