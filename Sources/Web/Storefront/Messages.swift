// Every sentence a shopper reads, by name, in four tables. A table that misses a name fails a test; on a
// live page the English sentence would stand in, because a page in two languages beats no page.

import Commerce
import WebSupport

/// The name of a sentence. Parts in braces are filled in by the page.
enum Message: String, CaseIterable, Sendable {
    case skip, basket, basketCount, languages, poweredBy
    case homeLead, homeEmpty, homeMore
    case addToBasket, quantity, inStock, fewLeft, soldOut, vatIncluded, deliveryCost, deliveryFree
    case details, safety, closedNotice
    case cartTitle, cartEmpty, cartContinue, cartUpdate, cartRemove, cartCheckout, cartEach
    case priceChanged, itemGone, stockShort, added, notAdded
    case sumGoods, sumDiscount, sumShipping, sumFree, sumTotal, sumVAT
    case checkoutTitle, contact, email, emailHint, phone, phoneHint, deliveryAddress, firstName, lastName,
        company, street
    case city, region, postcode, country, summary, payButton, payHint, held
    case changedTitle, changedText, expiredTitle, expiredText, unavailableTitle, unavailableText, oldTotal
    case checkFields, required, badEmail, badPhone, badPostcode, badCountry, badCounty, tooLong, badCharacters
    case orderTitle, orderTitleEarly, orderFor, stepReceived, stepPaid, stepSent, stepShipped, stepDelivered
    case stepDone, stepNow, stepNext, stepStopped
    case waitPreparing, waitPay, waitBank, waitAction, waitForward, waitSupplier, waitHold, waitShipped
    case waitPartlyShipped, waitDelivered
    case payNow, payAgain, declinedTitle, declinedText, expiredOrderTitle, expiredOrderText, failedTitle
    case failedText, refundedTitle, refundedText, partlyRefundedText, canceledTitle, canceledText,
        latePaidText
    case lineCount, lineUnavailable, lineShipped, lineDelivered, lineRefunded, parcel, track, invoice
    case liveNote, keepLink, deliverTo, items, basketAgain, orderTooSmall, orderTooLarge
    case home, allProducts, categories, breadcrumbs, search, searchButton, searchTitle, searchPrompt
    case searchEmpty, searchAdvice, filters, filterStock, filterCategory, filterAny, priceFrom
    case priceTo, badPrice, sortBy, sortBest, sortNewest, sortCheapest, sortDearest, sortName, apply
    case clearFilters, noMatch, pages, pageNumber, pagePrevious, pageNext, otherVersions, deliveryTime
    case withdrawalDays, withdrawalCostYou, withdrawalCostStore, withdrawalNot, withdrawalMore
    case deliveryTitle, safetyManufacturer, safetyContact, safetyResponsible, safetyWarnings
    case safetyIdentifier, legalPages, updatedOn, goneTitle, goneText, appearance, appearanceLead
    case appearanceSystem, appearanceLight, appearanceDark, save, previewNote, consumerOffice
    case mediation
}

/// The sentences of one language.
struct Words: Sendable {
    let language: Language

    func callAsFunction(_ message: Message, _ values: [String: String] = [:]) -> String {
        let sentence = Self.table(language)[message] ?? Self.english[message] ?? message.rawValue
        var text = PseudoLanguage.read(sentence)
        for (name, value) in values {
            guard let range = text.firstRange(of: "{\(name)}") else { continue }
            text.replaceSubrange(range, with: value)
        }
        return text
    }

    /// "2 ×"
    func count(_ number: Int) -> String {
        self(.lineCount, ["count": String(number)])
    }

    func money(_ amount: Money) -> String {
        MoneyText.text(amount, in: language)
    }

    static func table(_ language: Language) -> [Message: String] {
        switch language {
        case .english: english
        case .romanian: romanian
        case .german: german
        case .spanish: spanish
        }
    }
}
