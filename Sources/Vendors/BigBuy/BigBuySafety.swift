// What BigBuy tells of the maker of an article, as Regulation (EU) 2023/988 wants it beside an offer. One
// article a call, one call in five seconds. A third of the catalogue has nothing: a 404, a success without a
// body, or an empty list. The names of the members are those that integrators have seen, in both spellings;
// a member that is not there is left out, never a failure.

import Commerce
import VendorHTTP

extension BigBuyClient {
    /// The warnings come in the language that is asked for; one call for each would cost four times as long.
    private static let language = Language.english

    /// What BigBuy knows of the safety of an article; nil where it knows nothing.
    package func safety(of id: BigBuyProduct.ID) async throws(BigBuyFailure) -> ProductSafety? {
        let request = VendorRequest(
            .get, "/rest/catalog/productcompliance/\(id).json",
            query: ["isoCode": Self.language.rawValue])
        do {
            return try await send(request) { json throws(JSONMismatch) in
                ProductSafety(compliance: json.list?.first ?? json, in: Self.language)
            }
        } catch {
            switch error.reason {
            // That the whole endpoint has gone is no word about the article.
            case .notFound(let words) where words.hasPrefix("No route"): throw error
            case .notFound, .unknown(status: 200, VendorResponse.emptyBody): return nil
            default: throw error
            }
        }
    }
}

extension ProductSafety {
    private static let nameLimit = 200
    private static let addressLimit = 300
    private static let warningsLimit = 2_000

    /// Nil where no maker and nothing else is named.
    init?(compliance json: JSON, in language: Language) {
        let parties = json["generalProductSafetyRegulations"].elements.map(Party.init)
        guard let maker = parties.first(where: { !$0.isEmpty }) else { return nil }
        // Of a maker outside the Union, the party inside it is the one that answers for its goods.
        let isOutside = maker.country.map { !$0.isInEuropeanUnion } ?? false
        let deputy = isOutside ? parties.first { $0.country?.isInEuropeanUnion ?? false } : nil
        let warnings = parties.flatMap(\.warnings).joined(separator: "\n")
        self.init(
            manufacturer: maker.name.map { String($0.prefix(Self.nameLimit)) },
            address: maker.address.map { String($0.prefix(Self.addressLimit)) }, country: maker.country,
            contact: (maker.contact ?? maker.webSite).map { String($0.prefix(Self.nameLimit)) },
            responsiblePerson: (maker.deputy ?? deputy?.line).map { String($0.prefix(Self.addressLimit)) },
            warnings: warnings.isEmpty ? [:] : [language: String(warnings.prefix(Self.warningsLimit))])
    }
}

/// One element of the list: the maker, an importer, or whoever answers for them.
private struct Party {
    let name: String?
    let address: String?
    let country: CountryCode?
    let contact: String?
    let webSite: String?
    let deputy: String?
    let warnings: [String]

    init(_ json: JSON) {
        name = json["name"].plain ?? json["manufacturerName"].plain
        address = json["address"].plain
        country = (json["countryIsoCode"].plain ?? json["country"].plain).flatMap(CountryCode.init(rawValue:))
        contact = json["contact"].plain
        webSite = json["webSite"].plain ?? json["website"].plain
        deputy = json["responsiblePerson"].plain
        let told = json["safetyWarnings"].isNull ? json["warnings"] : json["safetyWarnings"]
        warnings = told.list.map { $0.compactMap(\.warning) } ?? [told].compactMap(\.warning)
    }

    var isEmpty: Bool { name == nil && address == nil && contact == nil && webSite == nil }

    /// The party in one line.
    var line: String {
        [name, address, country?.rawValue, contact ?? webSite].compactMap(\.self).joined(separator: ", ")
    }
}

extension JSON {
    /// A warning is a text, or an object around one.
    fileprivate var warning: String? {
        plain ?? ["description", "text", "warning", "name"].lazy.compactMap { self[$0].plain }.first
    }
}
