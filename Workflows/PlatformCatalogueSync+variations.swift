// What BigBuy sells in sizes and colours: the list of variations with their prices, and, once in a night,
// the lists that say which attributes they have and what these are called. They are stored as they come;
// when all are read, each variation becomes an article with the words, pictures and safety of its product.

import BigBuy
import Commerce
import CommerceStore
import Durable
import FoundationEssentials

extension PlatformCatalogueSync {
    /// Parts of one step, each a transaction of its own.
    private static let partsOfStep = 10

    /// The variations below a root. What tells them apart changes seldom, and is not asked for where there
    /// is none.
    func pullVariations(
        _ kind: CatalogueBook.Kind, below root: String, _ flow: Flow<Self>, _ output: inout Output
    ) async throws {
        let (id, sync) = (BigBuyTaxonomy.ID(rawValue: root), flow.id.rawValue)
        let found = try await pages(of: "variations:\(root)", flow, &output) { number in
            let page = try await shop.bigbuy.variations(below: id, page: number)
            return try await keep(page, of: "variations", sync) { rows, tx in
                try await CatalogueBook().saveVariations(
                    rows.map(CatalogueBook.Variation.init), of: Self.supplier,
                    by: kind == .full ? sync : nil, tx)
            }
        }
        guard kind == .full, found > 0 else { return }
        try await pages(of: "options:\(root)", flow, &output) { number in
            let page = try await shop.bigbuy.options(below: id, page: number)
            return try await keep(page, of: "options", sync) { rows, tx in
                try await CatalogueBook().saveOptions(
                    rows.map { ($0.id.rawValue, $0.attributes.map(\.rawValue)) }, of: Self.supplier, tx)
            }
        }
        try await pages(of: "attribute_groups:\(root)", flow, &output) { number in
            let page = try await shop.bigbuy.attributeGroups(below: id, page: number)
            return try await keep(page, of: "attribute_groups", sync) { rows, tx in
                try await CatalogueBook().saveAttributeGroups(
                    rows.map { ($0.id.rawValue, $0.trait) }, of: Self.supplier, tx)
            }
        }
        for language in Language.allCases {
            try await pullAttributes(in: language, below: root, flow, &output)
        }
    }

    private func pullAttributes(
        in language: Language, below root: String, _ flow: Flow<Self>, _ output: inout Output
    ) async throws {
        let (id, sync) = (BigBuyTaxonomy.ID(rawValue: root), flow.id.rawValue)
        let list = "attributes_\(language.rawValue)"
        try await pages(of: "\(list):\(root)", flow, &output) { number in
            let page = try await shop.bigbuy.attributes(below: id, in: language, page: number)
            return try await keep(page, of: list, sync) { rows, tx in
                try await CatalogueBook().saveAttributes(
                    rows.map { ($0.id.rawValue, $0.group.rawValue, $0.name) }, in: language,
                    of: Self.supplier, tx)
            }
        }
    }

    /// What one step made of the variations. Its result is small: who is refused is written down by it.
    private struct Unfolded: Codable, Sendable {
        var refused = 0
        var next: SKU?
    }

    /// Makes every variation what its product and attributes say by now. A safety pull does it too: it asks
    /// of products, and what it learns counts for their variations.
    func unfold(
        _ kind: CatalogueBook.Kind, _ flow: Flow<Self>, _ output: inout Output
    ) async throws {
        let sync = flow.id.rawValue
        var last: SKU?
        for number in 0..<Self.pageLimit {
            let start = last
            let unfolded = try await flow.step(.unfold, for: number) { _ in
                try await unfold(after: start, by: sync, isFull: kind == .full)
            }
            output.refused += unfolded.refused
            guard let next = unfolded.next else { return }
            last = next
        }
    }

    private func unfold(after start: SKU?, by sync: UUID, isFull: Bool) async throws -> Unfolded {
        var result = Unfolded(next: start)
        for _ in 0..<Self.partsOfStep {
            let last = result.next
            let part = try await onPlatform { tx in
                let part = try await CatalogueBook().unfold(
                    after: last, of: Self.supplier, by: isFull ? sync : nil, tx)
                try await CatalogueBook().quarantine(part.refused, of: "options", by: sync, tx)
                return part
            }
            result.refused += part.refused.count
            result.next = part.next
            if part.next == nil { break }
        }
        return result
    }
}

extension CatalogueBook.Variation {
    fileprivate init(_ variation: BigBuyVariation) {
        self.init(
            sourceID: variation.id.rawValue, product: variation.product.rawValue, reference: variation.sku,
            ean: variation.ean, cost: variation.wholesalePrice, recommended: variation.recommendedPrice)
    }
}
