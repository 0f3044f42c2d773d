// What the law wants beside an offer, and what the store promises: delivery, withdrawal, product safety. What
// the merchant has not said is not invented: without policies there is no delivery time, and the time to
// withdraw is the law's.

import Commerce
import CommerceStore
import WebSupport

struct ShopPromise: Sendable {
    let policy: StorePolicy?
    /// Why the product is outside the right of withdrawal, if it is.
    let exclusion: WithdrawalExclusion?

    var withdrawalDays: Int { policy?.withdrawalDays ?? WithdrawalPeriod.legalDays }

    func html(_ request: WebRequest) -> HTML {
        let words = request.words
        let time: HTML? = policy.map { policy in
            let values = [
                "from": String(policy.deliveryDays.lowerBound), "to": String(policy.deliveryDays.upperBound),
            ]
            return "<p>\(words(.deliveryTime, values))</p>"
        }
        return """
            <section class="promise" aria-labelledby="promise"><h2 id="promise">\(words(.deliveryTitle))</h2>
            \(time)<p>\(withdrawal(words))</p>
            <p><a href="\(link: request.address("/legal/withdrawal"))">\(words(.withdrawalMore))</a></p>
            </section>
            """
    }

    private func withdrawal(_ words: Words) -> String {
        guard exclusion == nil else { return words(.withdrawalNot) }
        let right = words(.withdrawalDays, ["days": Self.days(withdrawalDays, words.language)])
        switch policy?.returnCost {
        case .shopper: return "\(right) \(words(.withdrawalCostYou))"
        case .store: return "\(right) \(words(.withdrawalCostStore))"
        case nil: return right
        }
    }

    /// Romanian puts "de" between a number from twenty on and what it counts.
    private static func days(_ count: Int, _ language: Language) -> String {
        language == .romanian && count % 100 >= 20 ? "\(count) de" : String(count)
    }
}

/// Who made a thing and whom to ask about it: Regulation (EU) 2023/988, article 19.
enum SafetyBlock {
    /// The names under which products keep these facts, in the order in which a page shows them.
    private static let known: [(name: String, label: Message)] = [
        ("manufacturer", .safetyManufacturer), ("contact", .safetyContact),
        ("responsible_person", .safetyResponsible),
    ]
    private static let warning = "warnings"

    static func html(_ product: Product, _ request: WebRequest) -> HTML {
        guard !product.safety.isEmpty else { return .empty }
        let words = request.words
        var lines: [HTML] = []
        for (name, label) in known {
            guard let value = product.safety[name], !value.isEmpty else { continue }
            lines.append("<dt>\(words(label))</dt><dd>\(value)</dd>")
        }
        lines.append("<dt>\(words(.safetyIdentifier))</dt><dd>\(product.sku.rawValue)</dd>")
        // Warnings are kept by language; one in another language is better than none.
        let warnings = product.safety.filter { $0.key.hasPrefix(warning) && !$0.value.isEmpty }
        let own = warnings["\(warning)_\(request.language.rawValue)"] ?? warnings[warning]
        for text in own.map({ [$0] }) ?? warnings.sorted(by: { $0.key < $1.key }).map(\.value) {
            lines.append("<dt>\(words(.safetyWarnings))</dt><dd>\(text)</dd>")
        }
        return """
            <details><summary>\(words(.safety))</summary><dl class="facts">\(lines)</dl></details>
            """
    }
}

extension Product {
    /// The supplier's picture, where it can be shown without leaving https.
    var safePicture: String? { imageURL.flatMap { $0.hasPrefix("https://") ? $0 : nil } }
}
