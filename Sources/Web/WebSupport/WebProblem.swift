// Every error that leaves the server has a name that never changes, so a program can act on it and a
// person can search for it. The shape is RFC 9457 (problem+json); pages show the same facts as HTML.

import Foundation

/// The stable names. The raw value is public: it appears in the `type` of every problem. Never rename one.
package enum ProblemName: String, CaseIterable, Sendable {
    case malformedRequest = "malformed-request"
    case malformedJSON = "malformed-json"
    case invalidFields = "invalid-fields"
    case unknownFields = "unknown-fields"
    case currencyMismatch = "currency-mismatch"
    case notSignedIn = "authentication-required"
    case forbidden = "forbidden"
    case notFound = "not-found"
    case misdirected = "misdirected-request"
    case methodNotAllowed = "method-not-allowed"
    case bodyTooLarge = "body-too-large"
    case unsupportedMediaType = "unsupported-media-type"
    case formExpired = "form-token-invalid"
    case crossSite = "cross-site-request"
    case tooManyRequests = "too-many-requests"
    case signatureInvalid = "signature-invalid"
    case wrongMode = "wrong-mode"
    case quoteExpired = "quote-expired"
    case quoteChanged = "quote-changed"
    case itemUnavailable = "item-unavailable"
    case cartEmpty = "cart-empty"
    case cartTooLarge = "cart-too-large"
    case checkoutClosed = "checkout-closed"
    case keyRequired = "idempotency-key-required"
    case keyReused = "idempotency-key-reused"
    case keyInFlight = "idempotency-key-in-progress"
    case conflict = "conflict"
    case tooManyListeners = "too-many-listeners"
    case unavailable = "temporarily-unavailable"
    case unexpected = "unexpected"

    package var status: Int {
        switch self {
        case .malformedRequest, .malformedJSON, .signatureInvalid, .wrongMode, .keyRequired: 400
        case .notSignedIn: 401
        case .formExpired, .crossSite, .forbidden: 403
        case .notFound: 404
        case .methodNotAllowed: 405
        case .quoteExpired, .quoteChanged, .itemUnavailable, .cartEmpty, .conflict, .keyInFlight: 409
        case .bodyTooLarge: 413
        case .unsupportedMediaType: 415
        case .misdirected: 421
        case .invalidFields, .unknownFields, .currencyMismatch, .keyReused, .cartTooLarge: 422
        case .tooManyRequests: 429
        case .unexpected: 500
        case .checkoutClosed, .tooManyListeners, .unavailable: 503
        }
    }

    /// For programs and developers; pages show their own words in the shopper's language.
    package var title: String {
        switch self {
        case .malformedRequest: "The request cannot be read"
        case .malformedJSON: "The body is not valid JSON"
        case .invalidFields: "Some fields are not valid"
        case .unknownFields: "The body has fields that are not known here"
        case .currencyMismatch: "The currency is not the store's currency"
        case .notSignedIn: "Sign in first, or send a token or a key"
        case .forbidden: "This is not allowed here"
        case .notFound: "There is nothing at this address"
        case .misdirected: "No store answers at this host"
        case .methodNotAllowed: "This method does not work at this address"
        case .bodyTooLarge: "The body is too large"
        case .unsupportedMediaType: "The content type is not accepted here"
        case .formExpired: "The form's token is missing or no longer valid"
        case .crossSite: "The request comes from another site"
        case .tooManyRequests: "Too many requests"
        case .signatureInvalid: "The signature is not valid"
        case .wrongMode: "The event belongs to another mode"
        case .quoteExpired: "The quote has expired"
        case .quoteChanged: "The total has changed"
        case .itemUnavailable: "An item is temporarily unavailable"
        case .cartEmpty: "The cart is empty"
        case .cartTooLarge: "The cart holds too much"
        case .checkoutClosed: "The store does not take orders at the moment"
        case .keyRequired: "An Idempotency-Key header is required"
        case .keyReused: "The idempotency key was used for another request"
        case .keyInFlight: "A request with this idempotency key is still being worked on"
        case .conflict: "The request conflicts with the current state"
        case .tooManyListeners: "Too many listeners"
        case .unavailable: "Temporarily unavailable"
        case .unexpected: "Something went wrong"
        }
    }
}

/// One field that was refused, and why.
package struct FieldError: Codable, Sendable, Equatable {
    package let field: String
    package let message: String
    /// True for a part of the address behind the question mark, false for a field of the body.
    package let isInQuery: Bool

    package init(_ field: String, _ message: String, isInQuery: Bool = false) {
        self.field = field
        self.message = message
        self.isInQuery = isInQuery
    }

    /// The field as RFC 6901 points at it, such as `#/lines/0/quantity`.
    package var pointer: String {
        let steps = field.replacing("[", with: ".").replacing("]", with: "").split(separator: ".")
        return "#/"
            + steps.map { $0.replacing("~", with: "~0").replacing("/", with: "~1") }.joined(separator: "/")
    }
}

/// An expected failure of a request.
package struct WebProblem: Error, Sendable, Equatable {
    package let name: ProblemName
    package var detail: String?
    package var fields: [FieldError]
    package var headers: [String: String]

    package init(
        _ name: ProblemName, _ detail: String? = nil, fields: [FieldError] = [],
        headers: [String: String] = [:]
    ) {
        self.name = name
        self.detail = detail
        self.fields = fields
        self.headers = headers
    }

    /// The problem as RFC 9457 writes it.
    package func document(requestID: String) -> WebResponse {
        struct Document: Encodable {
            let type: String
            let title: String
            let status: Int
            let detail: String
            let errors: [Place]?
            let requestId: String
        }
        struct Place: Encodable {
            let field: String
            let message: String
            /// One of the two, after where the field came from.
            let pointer: String?
            let parameter: String?

            init(_ error: FieldError) {
                field = error.field
                message = error.message
                pointer = error.isInQuery ? nil : error.pointer
                parameter = error.isInQuery ? error.field : nil
            }
        }
        let document = Document(
            type: "urn:cartflux:problem:\(name.rawValue)", title: name.title, status: name.status,
            detail: detail ?? fields.first.map { "\($0.field) \($0.message)" } ?? name.title,
            errors: fields.isEmpty ? nil : fields.map(Place.init), requestId: requestID)
        do {
            return try .json(
                document, status: name.status, type: "application/problem+json", headers: headers)
        } catch {
            // Strings and integers always encode; should that ever change, the status still tells the truth.
            return WebResponse(status: name.status, headers: headers)
        }
    }
}
