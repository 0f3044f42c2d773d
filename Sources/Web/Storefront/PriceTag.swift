import Commerce
import CommerceStore
import WebSupport

// A price, and what has to stand beside it. Whoever shows that a price was reduced must show the lowest one
// of the thirty days before (Directive 98/6/EC, article 6a): so both come from one place, and no page can
// show the one without the other.

enum PriceTag {
    static func html(_ product: Product, _ request: WebRequest, isLarge: Bool = false) -> HTML {
        let words = request.words
        let kind = isLarge ? "price large" : "price"
        guard let reduction = product.reduction else {
            return "<p class=\"\(kind)\">\(words.money(product.price))</p>"
        }
        let texts = PriceWords(request.language)
        return """
            <p class="\(kind)">\(words.money(product.price)) \
            <span class="tag good">\(texts.reduction(reduction.percent))</span></p>
            <p class="fine">\(texts.lowestBefore): <s>\(words.money(reduction.lowestBefore))</s></p>
            """
    }
}

/// The sentences beside a reduced price, in one language.
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

    /// "−25 %", with a sign that is no hyphen.
    func reduction(_ percent: Int64) -> String {
        language == .english || language == .romanian
            ? "\u{2212}\(percent)%" : "\u{2212}\(percent)\u{A0}%"
    }
}
