internal import Commerce
internal import VendorHTTP

// Matterhorn (fashion): a REST API with a key and no `Bearer`, pages of items with their sizes as variants.
// It is asked page by page, and what a page holds goes into the spool as one record per line.

/// The second supplier that is read by an API of its own.
package struct MatterhornCatalogue: SupplierAdapter {
    package static let code = "matterhorn"

    /// Items of one page; the answers are large.
    private static let pageSize = 200
    /// More than the supplier has ever had; a list that never ends is a fault of theirs.
    private static let pageLimit = 2_000

    package let settings: FeedSettings
    let door: FeedDoor

    init(language: Language, door: FeedDoor) {
        self.door = door
        settings = FeedSettings(
            .json,
            mapping: FieldMapping(
                [
                    .sku: "variants/variant_uid", .name: "name", .description: "description",
                    .cost: "prices/EUR", .stock: "variants/stock", .ean: "variants/ean",
                    .brand: "brand", .category: "category_path", .images: "images", .family: "id",
                    .color: "color", .size: "variants/name", .active: "active",
                ], variants: "variants", currency: .eur, language: language))
    }

    package func fetch(
        _ state: FetchState, from source: SupplierSource, into spool: any FeedSpool
    ) async throws -> Fetched {
        guard let key = source.credential else {
            throw FeedProblem.settings("Matterhorn needs the key of the merchant's account")
        }
        let (client, path) = try door.open(
            source, as: Self.code, headers: [HeaderField("Authorization", key)])
        if state.page == 0 { try await spool.begin(FeedIdentity()) }
        guard state.page < Self.pageLimit else {
            throw FeedProblem.malformed(row: state.page * Self.pageSize, "the list of items never ends")
        }
        let items = try await page(state.page + 1, client, path)
        var next = state
        next.page += 1
        let lines = items.flatMap { $0.bytes + [UInt8(ascii: "\n")] }
        let isLast = items.count < Self.pageSize
        // Blank lines between records mean nothing, so a page is filled up to where the next one may begin.
        let odd = lines.count % spool.grain
        let filling = isLast || odd == 0 ? 0 : spool.grain - odd
        let bytes = lines + Array(repeating: UInt8(ascii: "\n"), count: filling)
        if !bytes.isEmpty { try await spool.write(bytes, at: state.bytes) }
        next.bytes += bytes.count
        return isLast ? .complete(next) : .more(next)
    }

    private func page(_ number: Int, _ client: VendorHTTPClient, _ path: String) async throws -> [JSON] {
        let request = VendorRequest(
            .get, path + "/ITEMS/", query: ["page": String(number), "limit": String(Self.pageSize)])
        let response: VendorResponse
        do {
            response = try await client.send(request)
        } catch {
            throw FeedProblem(error)
        }
        guard response.isSuccess else {
            throw FeedProblem.refused(status: response.status, response.excerpt)
        }
        guard let json = response.json, case .array(let items) = json else {
            throw FeedProblem.malformed(row: (number - 1) * Self.pageSize, "the page is no list")
        }
        return items
    }
}
