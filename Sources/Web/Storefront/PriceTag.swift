import Commerce
import CommerceStore
import WebSupport

// A price, and what has to stand beside it. Whoever shows that a price was reduced must show the lowest one
// of the thirty days before (Directive 98/6/EC, article 6a), and whoever sells by weight, volume or length
// the price per unit (article 3): so all of it comes from one place, and no page can show the one without
// the other.

enum PriceTag {
    static func html(_ product: Product, _ request: WebRequest, isLarge: Bool = false) -> HTML {
        let words = request.words
        let kind = isLarge ? "price large" : "price"
        let texts = PriceWords(request.language)
        let unit: HTML? = unitPrice(product, request).map { "<p class=\"fine\">\($0)</p>" }
        guard let reduction = product.reduction else {
            return "<p class=\"\(kind)\">\(words.money(product.price))</p>\(unit)"
        }
        return """
            <p class="\(kind)">\(words.money(product.price)) \
            <span class="tag good">\(texts.reduction(reduction.percent))</span></p>\(unit)
            <p class="fine">\(texts.lowestBefore): <s>\(words.money(reduction.lowestBefore))</s></p>
            """
    }

    /// "Unit price: €13.27 / l"; nil where none has to be told.
    static func unitPrice(_ product: Product, _ request: WebRequest) -> String? {
        product.unitPrice.map { told in
            let name = PriceWords(request.language).unitPrice
            return "\(name): \(request.words.money(told.price)) / \(told.unit.symbol)"
        }
    }
}

/// The sentences beside a price, in one language.
struct PriceWords {
    private let language: Language

    init(_ language: Language) { self.language = language }

    var lowestBefore: String {
        let sentence =
            switch language {
            case .english: "Lowest price of the 30 days before the reduction"
            case .romanian: "Cel mai mic preț din cele 30 de zile dinaintea reducerii"
            case .german: "Niedrigster Preis der 30 Tage vor der Ermäßigung"
            case .spanish: "Precio más bajo de los 30 días anteriores a la rebaja"
            }
        return PseudoLanguage.read(sentence)
    }

    var unitPrice: String {
        let name =
            switch language {
            case .english: "Unit price"
            case .romanian: "Preț pe unitate de măsură"
            case .german: "Grundpreis"
            case .spanish: "Precio por unidad de medida"
            }
        return PseudoLanguage.read(name)
    }

    /// "−25 %", with a sign that is no hyphen.
    func reduction(_ percent: Int64) -> String {
        language == .english || language == .romanian
            ? "\u{2212}\(percent)%" : "\u{2212}\(percent)\u{A0}%"
    }
}
