// Stripe's refusals. The sentences are Stripe's own where they are known, because people read them in logs;
// programs go by status, type and code.

/// An error answer.
struct StripeProblem: Error, Sendable {
    enum Kind: String, Sendable {
        case api = "api_error"
        case card = "card_error"
        case idempotency = "idempotency_error"
        case invalidRequest = "invalid_request_error"
    }

    let status: Int
    let kind: Kind
    let code: String?
    let message: String
    var param: String?
    /// Further members of the error, such as the payment intent of a declined card.
    var details: [String: JSON] = [:]
    /// Whether work had begun. Only then is the answer kept for the idempotency key.
    var isKept = false
    /// What changed although the answer is an error: a declined card leaves a failed charge.
    var effect: SandboxEffect?

    init(
        _ status: Int, kind: Kind = .invalidRequest, code: String? = nil, _ message: String,
        param: String? = nil
    ) {
        self.status = status
        self.kind = kind
        self.code = code
        self.message = message
        self.param = param
    }

    static func missing(_ param: String) -> StripeProblem {
        StripeProblem(400, code: "parameter_missing", "Missing required param: \(param).", param: param)
    }

    static func unknown(_ param: String) -> StripeProblem {
        StripeProblem(400, code: "parameter_unknown", "Received unknown parameter: \(param)", param: param)
    }

    static func notAnInteger(_ param: String, _ text: String) -> StripeProblem {
        StripeProblem(400, code: "parameter_invalid_integer", "Invalid integer: \(text)", param: param)
    }

    static func invalid(_ param: String, _ message: String, code: String? = nil) -> StripeProblem {
        StripeProblem(400, code: code, message, param: param)
    }

    /// An id in the path names nothing (404), or one in a parameter does (400).
    static func noSuch(_ noun: String, _ id: String, param: String, status: Int = 404) -> StripeProblem {
        StripeProblem(status, code: "resource_missing", "No such \(noun): '\(id)'", param: param)
    }

    /// The request was understood and looked at, and the object's state forbids it.
    static func state(_ code: String?, _ message: String, param: String? = nil) -> StripeProblem {
        var problem = StripeProblem(400, code: code, message, param: param)
        problem.isKept = true
        return problem
    }

    var json: JSON {
        var error = JSON.object(details)
        error["type"] = .string(kind.rawValue)
        error["message"] = .string(message)
        if let code {
            error["code"] = .string(code)
            let page = code.replacing("_", with: "-")
            error["doc_url"] = .string("https://docs.stripe.com/error-codes#\(page)")
        }
        if let param { error["param"] = .string(param) }
        return ["error": error]
    }
}
