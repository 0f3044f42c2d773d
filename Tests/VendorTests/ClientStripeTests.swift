import Commerce
import Durable
import Foundation
import Testing
import VendorHTTP

@testable import Stripe

@Suite("Reading Stripe")
struct ClientStripeReadingTests {
    private func event(_ name: String) throws -> StripeEvent {
        try StripeEvent(parsing: try Example.bytes("stripe-event-\(name).json"))
    }

    @Test(
        "every example event is read to its object", arguments: try Example.names(beginning: "stripe-event-"))
    func everyEvent(name: String) throws {
        let event = try StripeEvent(parsing: try Example.bytes(name))

        #expect(event.kind.rawValue == event.kind.description)
        #expect(!event.isLive)
        switch event.subject {
        case .other, .unreadable: Issue.record("\(name) was not read: \(event.subject)")
        default: break
        }
    }

    @Test("a payment tells what was promised")
    func paymentSucceeded() throws {
        let event = try event("payment_intent.succeeded")

        #expect(event.kind == .paymentSucceeded)
        #expect(event.causedByKey == "cf:wf-123:create-pi")
        guard case .paymentIntent(let intent) = event.subject else {
            Issue.record("no payment")
            return
        }
        #expect(intent.status == .succeeded)
        #expect(intent.amount == .ron(24_200))
        #expect(intent.amountReceived == .ron(24_200))
        #expect(intent.applicationFee == .ron(15_510))
        #expect(intent.destination == "acct_1CFmerchant00001")
        #expect(intent.latestCharge == "ch_3CFexample0000000000001")
        #expect(!"\(intent)".contains("CFnotreal"), "the client secret is for the buyer only")
    }

    @Test("a failed attempt leaves the payment open and says why")
    func paymentFailed() throws {
        guard case .paymentIntent(let intent) = try event("payment_intent.payment_failed").subject else {
            Issue.record("no payment")
            return
        }

        #expect(intent.status == .requiresPaymentMethod)
        #expect(intent.lastError?.declineCode == "insufficient_funds")
    }

    @Test("money that moved back is read")
    func refundsAndDisputes() throws {
        guard case .charge(let charge) = try event("charge.refunded.partial").subject,
            case .refund(let refund) = try event("refund.failed").subject,
            case .dispute(let dispute) = try event("charge.dispute.created").subject
        else {
            Issue.record("an object was not read")
            return
        }

        #expect(charge.amountRefunded == .ron(12_100))
        #expect(charge.applicationFee == "fee_1CFexample0001")
        #expect(charge.balance == nil)
        #expect(refund.status == .failed)
        #expect(refund.failureReason == "expired_or_canceled_card")
        #expect(refund.metadata == ["withdrawal_id": "w-1"])
        #expect(dispute.reason == "product_not_received")
        #expect(dispute.evidenceDueBy == Date(timeIntervalSince1970: 1_796_777_999))
    }

    @Test("an account's standing follows from what it may do")
    func accounts() throws {
        guard case .account(let active) = try event("account.updated.active").subject,
            case .account(let restricted) = try event("account.updated.restricted").subject
        else {
            Issue.record("no account")
            return
        }

        #expect(try event("account.updated.active").account == "acct_1CFmerchant00001")
        #expect(active.standing == .active(payoutsBlocked: false))
        #expect(restricted.standing == .restricted)
        #expect(restricted.requirements.pastDue == ["individual.verification.document"])
        #expect(restricted.requirements.problems.map(\.code) == ["verification_document_expired"])
    }

    @Test("a plan is told by the price of the subscription")
    func subscription() throws {
        guard case .subscription(let subscription) = try event("customer.subscription.updated").subject else {
            Issue.record("no subscription")
            return
        }

        #expect(subscription.priceID == "price_cf_business")
        #expect(subscription.periodEnd == Date(timeIntervalSince1970: 1_797_592_000))
    }

    @Test("what is unknown is kept, what is no event is refused")
    func leniency() throws {
        let unknown =
            #"{"object":"event","id":"evt_1","type":"radar.new","created":1,"data":{"object":{"id":"x"}}}"#
        let broken =
            #"{"object":"event","id":"evt_2","type":"charge.failed","created":1,"#
            + #""data":{"object":{"object":"charge"}}}"#
        let thin = #"{"object":"v2.core.event","id":"evt_3","type":"x"}"#

        #expect(try StripeEvent(parsing: Array(unknown.utf8)).subject == .other(object: nil, id: "x"))
        guard case .unreadable = try StripeEvent(parsing: Array(broken.utf8)).subject else {
            Issue.record("a charge without an id was read")
            return
        }
        #expect(throws: StripeEventError.notAnEvent("v2.core.event")) {
            try StripeEvent(parsing: Array(thin.utf8))
        }
    }

    @Test("a payment is compared with what was asked for")
    func discrepancies() throws {
        guard case .paymentIntent(let intent) = try event("payment_intent.succeeded").subject else {
            Issue.record("no payment")
            return
        }
        let asked = ClientStripeCallTests.request

        #expect(intent.discrepancies(from: asked, isLive: false).isEmpty)
        #expect(intent.discrepancies(from: asked, isLive: true) == ["a test payment"])
    }
}

@Suite("Failures of Stripe")
struct ClientStripeFailureTests {
    private func failure(_ status: Int, _ body: String, headers: [(name: String, value: String)] = [])
        -> StripeFailure
    {
        StripeFailure(Example.response(status, Array(body.utf8), headers: headers), call: Example.call)
    }

    private func error(_ type: String = "invalid_request_error", code: String? = nil) -> String {
        let code = code.map { #","code":"\#($0)""# } ?? ""
        return #"{"error":{"type":"\#(type)","message":"m"\#(code)}}"#
    }

    @Test("the examples")
    func examples() throws {
        let declined = StripeFailure(
            try Example.response(402, file: "stripe-error-card_declined.402.json"), call: Example.call)
        let mismatch = StripeFailure(
            try Example.response(400, file: "stripe-error-idempotency.400.json"), call: Example.call)
        let parameter = StripeFailure(
            try Example.response(400, file: "stripe-error-parameter.400.json"), call: Example.call)

        #expect(declined.reason == .cardDeclined(code: "card_declined", declineCode: "generic_decline"))
        #expect(mismatch.reason == .idempotencyMismatch)
        #expect(parameter.reason == .invalidRequest(code: "parameter_missing", parameter: "currency"))
        for failure in [declined, mismatch, parameter] {
            #expect(failure.disposition == .permanent)
            #expect(!failure.mayHaveHappened)
        }
    }

    @Test("the table of statuses")
    func table() {
        #expect(failure(401, error()).reason == .keyRefused)
        #expect(failure(403, error()).reason == .forbidden)
        #expect(failure(404, error(code: "resource_missing")).reason == .resourceMissing(parameter: nil))
        #expect(failure(409, error("idempotency_error", code: "idempotency_key_in_use")).reason == .inUse)
        #expect(failure(409, "").disposition == .transient())
        #expect(failure(424, "").reason == .apiError(status: 424))
        #expect(failure(400, error(code: "payment_intent_unexpected_state")).reason == .unexpectedState(nil))
        #expect(failure(400, error(code: "charge_already_refunded")).reason == .alreadyRefunded)
        #expect(failure(400, error(code: "charge_disputed")).reason == .disputed)
        #expect(failure(400, error(code: "balance_insufficient")).reason == .balanceInsufficient)
        #expect(
            failure(400, error(code: "transfers_not_allowed")).reason
                == .accountUnable(code: "transfers_not_allowed"))
    }

    @Test("trouble at Stripe is worth another try, and may have happened")
    func trouble() {
        let failure = failure(500, "<html>oops</html>")

        #expect(failure.reason == .apiError(status: 500))
        #expect(failure.disposition == .transient())
        #expect(failure.mayHaveHappened)
    }

    @Test("too many requests wait as told, and Stripe's own word decides the rest")
    func rateLimit() {
        let waiting = failure(429, error(code: "rate_limit"), headers: [("Retry-After", "7")])
        let until = Example.now.addingTimeInterval(7)

        #expect(waiting.disposition == .deferred(until: until))
        #expect(failure(429, error(code: "lock_timeout")).disposition == .transient())
        #expect(failure(500, "", headers: [("Stripe-Should-Retry", "false")]).disposition == .permanent)
        #expect(failure(400, error(), headers: [("stripe-should-retry", "true")]).disposition == .transient())
        #expect(failure(429, "", headers: [("Stripe-Should-Retry", "false")]).disposition == .transient())
    }
}

@Suite("Calling Stripe")
struct ClientStripeCallTests {
    static let request = PaymentIntentRequest(
        amount: .ron(24_200), applicationFee: .ron(15_510), destination: "acct_1CFmerchant00001",
        onBehalfOf: "acct_1CFmerchant00001", transferGroup: "order_0192f3a4-0000-7000-8000-000000000123",
        metadata: PaymentMetadata(
            order: OrderID(rawValue: UUID(uuidString: "0192f3a4-0000-7000-8000-000000000123")!),
            tenant: TenantID(rawValue: UUID(uuidString: "0192f3a4-0000-7000-8000-00000000000a")!)),
        statementSuffix: "CF-000123")

    private func client(_ server: CannedServer) -> StripeClient {
        StripeClient(key: "sk_test_hidden", base: server.base, timeout: .seconds(5))
    }

    private static func intent(_ status: String, id: String = "pi_1", metadata: String = "{}") -> String {
        #"{"id":"\#(id)","object":"payment_intent","amount":100,"currency":"eur","status":"\#(status)","#
            + #""created":1795370000,"metadata":\#(metadata)}"#
    }

    @Test("a payment is asked for in exactly the documented form")
    func form() async throws {
        let server = try CannedServer([.answer(200, Self.intent("requires_payment_method"))])

        _ = try await client(server).createPaymentIntent(Self.request, key: "cf:run:pay")

        let sent = try #require(server.requests.first)
        let example = try Example.text("stripe-create-payment_intent.form.txt").trimmingCharacters(
            in: .newlines)
        #expect(sent.hasSuffix("\r\n\r\n\(try Self.reordered(example, as: sent))"))
        #expect(sent.contains("Idempotency-Key: cf:run:pay\r\n"))
        #expect(sent.contains("Stripe-Version: 2026-10-28.endive\r\n"))
        #expect(sent.contains("Authorization: Bearer sk_test_hidden\r\n"))
    }

    /// The example's fields in the order of the request: the order carries no meaning, the fields do.
    private static func reordered(_ example: String, as request: String) throws -> String {
        let body = try #require(request.components(separatedBy: "\r\n\r\n").last)
        let fields = Set(example.split(separator: "&"))
        #expect(fields == Set(body.split(separator: "&")))
        return body
    }

    @Test("a fee of nothing is not sent")
    func noFee() {
        let request = PaymentIntentRequest(
            amount: .eur(100), applicationFee: .eur(0), destination: "acct_1", onBehalfOf: nil,
            transferGroup: "g",
            metadata: Self.request.metadata)

        #expect(!request.fields.encoded.contains("application_fee_amount"))
    }

    @Test(
        "being too late to cancel is an outcome",
        arguments: [
            ("canceled", "canceled"), ("succeeded", "alreadySucceeded"), ("processing", "stillProcessing"),
        ])
    func cancel(status: String, expected: String) async throws {
        let refusal = #"{"error":{"type":"invalid_request_error","code":"payment_intent_unexpected_state"}}"#
        let server = try CannedServer([.answer(400, refusal), .answer(200, Self.intent(status))])

        let outcome = try await client(server).cancelPaymentIntent("pi_1")

        #expect("\(outcome)".hasPrefix(expected))
        #expect(server.requests.last?.hasPrefix("GET /v1/payment_intents/pi_1 ") == true)
    }

    @Test("a cancel that cannot be explained stays a failure")
    func cancelRefused() async throws {
        let refusal = #"{"error":{"type":"invalid_request_error","code":"payment_intent_unexpected_state"}}"#
        let server = try CannedServer([.answer(400, refusal), .answer(200, Self.intent("requires_capture"))])

        await #expect(throws: StripeFailure.self) { try await client(server).cancelPaymentIntent("pi_1") }
    }

    @Test("a look-up reads page after page and compares metadata")
    func lookup() async throws {
        let metadata = Self.request.metadata.pairs.map { #""\#($0.key)":"\#($0.value)""# }.joined(
            separator: ",")
        let mine = Self.intent("succeeded", id: "pi_mine", metadata: "{\(metadata)}")
        let other = Self.intent("succeeded", id: "pi_other")
        let server = try CannedServer([
            .answer(200, #"{"object":"list","has_more":true,"data":[\#(other)]}"#),
            .answer(200, #"{"object":"list","has_more":false,"data":[\#(mine)]}"#),
        ])
        let window = Example.now..<Example.now.addingTimeInterval(60)

        let found = try await client(server).findPaymentIntents(of: Self.request.metadata, created: window)

        #expect(found.map(\.id) == ["pi_mine"])
        #expect(server.requests.last?.contains("starting_after=pi_other") == true)
        let query = try #require(server.requests.first?.removingPercentEncoding)
        #expect(query.contains("created[gte]=1795370000&created[lt]=1795370060&limit=100 "))
    }

    @Test("a success that is no JSON is not believed, and no failure shows the key")
    func unreadable() async throws {
        let server = try CannedServer([.answer(200, "<html>")])

        let failure = await #expect(throws: StripeFailure.self) {
            try await client(server).createPaymentIntent(Self.request, key: "k")
        }

        #expect(failure?.mayHaveHappened == true)
        #expect(failure?.call.account.description == "stripe:platform")
        #expect(!"\(try #require(failure))\(client(server))".contains("hidden"))
    }
}
