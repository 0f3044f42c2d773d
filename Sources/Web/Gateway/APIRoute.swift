// One row of the API: what it is called, what goes in, what comes out, and who works on it. The endpoint that
// is mounted, the check of what is sent, and the page of the OpenAPI document are all made of this row, so
// that none of them can be forgotten.

import Commerce
import WebSupport

struct APIRoute: Sendable {
    static let root = "/api/v1"

    enum Door: Sendable {
        /// At a store's own host, for anybody: what a shopper may see and do.
        case shop
        /// At the platform's host, with a token or a key that was made for this.
        case merchant(APIScope?)
        /// Wherever the API is.
        case everywhere
    }

    /// What an `Idempotency-Key` does here.
    enum KeyUse: Sendable {
        /// Nothing: the request only reads, or doing it twice is doing it once.
        case none
        case optional
        case required
    }

    let method: String
    /// With `:name` for its parameters.
    let path: String
    let door: Door
    /// The operation's name in the document, and what a person calls it.
    let name: String
    let summary: String
    var shape = RequestShape()
    var keyUse = KeyUse.none
    /// The status when all went well, and what comes with it; nothing with 204.
    var status = 200
    var answer: Schema?
    /// What can be wrong beside what is clear from the rest of the row.
    var problems: [ProblemName] = []
    /// Counts against the limit per client address; merchants' routes count per program anyway.
    var isRateLimited = false
    let handler: Endpoint.Handler

    var endpoint: Endpoint {
        let scope: Endpoint.Scope =
            switch door {
            case .shop: .store
            case .merchant: .platform
            case .everywhere: .anywhere
            }
        return Endpoint(
            method, Self.root + path, scope: scope, kind: .api, isRateLimited: isRateLimited,
            handler: handler)
    }

    /// The names in the path.
    var pathParameters: [String] {
        path.split(separator: "/").filter { $0.hasPrefix(":") }.map { String($0.dropFirst()) }
    }
}

/// What a request carries beside its path.
struct RequestShape: Sendable {
    struct Parameter: Sendable {
        let name: String
        let schema: Schema
        let meaning: String
    }

    var query: [Parameter] = []
    var body: Schema?

    /// Throws what is wrong with the request; handlers run after it.
    func check(_ request: WebRequest) throws(WebProblem) {
        var problems: [FieldError] = []
        for parameter in query {
            guard let text = request.query[parameter.name],
                let problem = parameter.schema.problem(inParameter: text)
            else { continue }
            problems.append(FieldError(parameter.name, problem, isInQuery: true))
        }
        guard problems.isEmpty else { throw WebProblem(.invalidFields, fields: problems) }
        if let body { try SchemaCheck.body(request.body, body) }
    }
}

extension RequestShape.Parameter {
    static let language = RequestShape.Parameter(
        name: "language", schema: .choice(of: Language.self),
        meaning: "The language of the texts; the store's own without it.")

    static func limit(upTo most: Int) -> RequestShape.Parameter {
        RequestShape.Parameter(
            name: "limit", schema: .whole(1...Int64(most)),
            meaning: "How many to answer with; \(PageRequest.usual) without it.")
    }

    static let cursor = RequestShape.Parameter(
        name: "cursor", schema: .text(1...PageCursor.longest),
        meaning: "`next_cursor` of the page before. Take it as it is: what is inside may change.")
}

extension APIRoute {
    /// Everything that this route may answer when something is wrong.
    var allProblems: Set<ProblemName> {
        var names = Set(problems)
        names.insert(.unavailable)
        if !pathParameters.isEmpty { names.insert(.notFound) }
        if !shape.query.isEmpty { names.insert(.invalidFields) }
        if method != "GET", method != "DELETE" {
            names.formUnion([.malformedJSON, .unsupportedMediaType, .bodyTooLarge])
        }
        if shape.body != nil { names.formUnion([.invalidFields, .unknownFields]) }
        switch keyUse {
        case .none: break
        case .optional: names.formUnion([.keyReused, .keyInFlight, .keyRequired])
        case .required: names.formUnion([.keyRequired, .keyReused, .keyInFlight])
        }
        switch door {
        case .shop: if isRateLimited { names.insert(.tooManyRequests) }
        case .merchant: names.formUnion([.notSignedIn, .forbidden, .tooManyRequests])
        case .everywhere: break
        }
        return names
    }
}
