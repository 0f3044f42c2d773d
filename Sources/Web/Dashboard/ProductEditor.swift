// The page of one product: its price and what that leaves, whether it is on the shelf, where it comes from,
// the prices it had, and the data that the law wants beside the offer.

import Commerce
import CommerceStore
import Foundation
import WebSupport

struct ProductEditor: Sendable {
    static let safetyLimit = 400
    static let safetyFields = [
        FormField(
            "manufacturer", "Manufacturer", hint: "Name and postal address.", rows: 2),
        FormField("contact", "Electronic address of the manufacturer", hint: "E-mail or web page."),
        FormField(
            "responsible_person", "Responsible person in the Union",
            hint: "Name and addresses, where the manufacturer is outside it.", rows: 2),
    ]
    /// Prices of the past that are shown.
    private static let pastPrices = 10

    let request: WebRequest
    let terms: PriceTerms
    let product: Product
    let supplier: StoreSupplier
    let history: PriceHistory
    let margin: MarginBox
    let problems: [FieldError]
    let typed: [String: String]

    private var root: String { StorePlace.products.address(in: terms.store.tenant) }
    private var address: String { "\(root)/\(product.id)" }

    var html: HTML {
        """
        <p><a href="\(link: root)">All products</a></p>
        \(shelf)
        <div class="split"><div class="stack"><h2>Price</h2>\(priceForm)</div>
        <section class="panel" aria-labelledby="kept"><h2 id="kept">What it leaves</h2>
        <div id="margin" aria-live="polite" data-fragment="\(address)/margin">\(margin.html)</div></section>\
        </div>
        <h2>Contents</h2>\(contents)
        <h2>Where it comes from</h2>\(origin)
        <h2>Product safety</h2>\(safety)
        <h2>Prices so far</h2>\(past)
        """
    }

    // MARK: - The shelf

    private var shelf: HTML {
        let problem = problems.first { $0.field == "publish" }
        let error: HTML? = problem.map {
            """
            <div class="note bad" role="alert"><p><strong>It stays off the shelf</strong></p>\
            <p>\($0.message)</p></div>
            """
        }
        let reason: HTML? = product.pausedReason.map { "<p>\($0)</p>" }
        let button =
            product.isForSale
            ? request.button("Pause", at: address, act: "pause")
            : request.button("Publish", at: address, act: "publish", isQuiet: false)
        return """
            \(error)<div class="panel"><p>\(product.status.tag) \(product.sku.rawValue) · \
            \(product.available) in stock</p>\(reason)\(button)</div>
            """
    }

    // MARK: - The price

    private var priceForm: HTML {
        let fields = [
            FormField(
                "price", "Price in \(terms.store.currency.rawValue)",
                hint: "What the shopper pays for one, VAT included.")
        ]
        return FormView(
            request: request, action: address, fields: fields,
            values: ["price": typed["price"] ?? product.price.decimalText],
            problems: problems.filter { $0.field == "price" }, button: "Check",
            extra: """
                <p class="fine">What you keep is counted with today's cost and your plan. Nothing changes \
                before you save.</p>
                <p><button name="act" value="save">Save the price</button></p>
                """
        ).html
    }

    // MARK: - How much is in it

    static let contentField = FormField(
        "content", "In one piece", hint: "Such as 750 ml or 6 x 0.33 l; empty where it is sold by the piece.",
        width: "half")

    private var contents: HTML {
        let shown: HTML? = product.unitPrice.map { told in
            "<p>Shoppers read \(told.price.text) / \(told.unit.symbol) beside the price.</p>"
        }
        let form = FormView(
            request: request, action: address, fields: [Self.contentField],
            values: ["content": typed["content"] ?? product.content?.description ?? ""],
            problems: problems.filter { $0.field == "content" }, button: "Save",
            hidden: [("act", "content")])
        return """
            \(shown)\(form.html)<p class="fine">What is sold by weight, volume or length must show its \
            price per kilogram, litre or metre (Directive 98/6/EC). A supplier's feed that tells the \
            contents writes over this.</p>
            """
    }

    // MARK: - Where it comes from

    private var origin: HTML {
        let link = "\(StorePlace.suppliers.address(in: terms.store.tenant))/\(supplier.id)"
        let storeCost = margin.answer?.sale.supplier
        let converted: HTML? =
            product.cost.currency == terms.store.currency
            ? nil : storeCost.map { "<dt>With today's rate</dt><dd>\($0.text)</dd>" }
        return """
            <dl class="sums panel"><dt>Supplier</dt><dd><a href="\(link: link)">\(supplier.name)</a></dd>
            <dt>Its name for it</dt><dd>\(product.supplierReference.rawValue)</dd>
            <dt>It charges</dt><dd>\(product.cost.text)</dd>\(converted)
            <dt>It has</dt><dd>\(product.available)</dd></dl>
            """
    }

    // MARK: - Safety

    private var safety: HTML {
        let lack: HTML? =
            product.missingSafety.isEmpty
            ? nil
            : """
            <div class="note warn"><p>This product lacks what Regulation (EU) 2023/988 wants beside an \
            offer: \
            \(product.missingSafety.joined(separator: ", ")).</p></div>
            """
        guard !product.isPlatformCatalogue else {
            let facts = Self.safetyFields.compactMap { field -> HTML? in
                product.safety[field.name].map { "<dt>\(field.label)</dt><dd>\($0)</dd>" }
            }
            return """
                \(lack)<dl class="sums panel">\(facts)</dl>\
                <p class="fine">The platform's supplier tells this.</p>
                """
        }
        let names = Self.safetyFields.map(\.name)
        let isTyped = names.contains { typed[$0] != nil }
        let form = FormView(
            request: request, action: address, fields: Self.safetyFields,
            values: isTyped ? typed : product.safety,
            problems: problems.filter { names.contains($0.field) }, button: "Save",
            hidden: [("act", "safety")])
        return "\(lack)\(form.html)"
    }

    // MARK: - The past

    private var past: HTML {
        let rows = history.latest.prefix(Self.pastPrices).map { entry -> [HTML] in
            [HTML.time(entry.from), "\(entry.price.text)"]
        }
        return """
            \(HTML.table("Newest first", ["From", "Price"], Array(rows)))
            <p class="fine">When you lower a price, shoppers see beside it the lowest price of the thirty \
            days before: no other price may be crossed out. Steps down within that time are one reduction.</p>
            """
    }
}
