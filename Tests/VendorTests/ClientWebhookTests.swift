import Foundation
import Resend
import Stripe
import Testing
import VendorHTTP

@Suite("Signatures of webhooks")
struct ClientWebhookTests {
    private static let stripe = Result { try Example.json("stripe-signature-vector.json") }

    private static func cases() -> [String] {
        ((try? stripe.get())?["cases"].elements ?? []).compactMap { $0["name"].string }
    }

    @Test("Stripe's vector", arguments: cases())
    func stripeVector(name: String) throws {
        let vector = try Self.stripe.get()
        let row = try #require(vector["cases"].elements.first { $0["name"].string == name })
        let body = Array(try vector.needText("body").utf8)
        let header = row["header"].string
        let secrets = row["secrets"].elements.compactMap(\.string).map { Secret($0) }
        let now = Date(timeIntervalSince1970: TimeInterval(try row.need("now", \.int)))

        let outcome = Result { () throws(StripeWebhookError) in
            try StripeWebhook.verify(rawBody: body, header: header, secrets: secrets, now: now)
        }

        let accepted = (try? outcome.get()) != nil
        #expect(accepted == row["accept"].bool, "\(outcome)")
    }

    @Test("the vector has all its cases")
    func vectorIsComplete() {
        #expect(Self.cases().count == 11)
    }

    private static let body = Array(#"{"id":"evt_test","object":"event"}"#.utf8)
    private static let good = "8042376f6ca064adbe037642a718227dfd59047137eb49497a54c49eb0cfb724"

    private func verify(
        _ header: String?, body: [UInt8] = body, secrets: [Secret] = ["whsec_test_secret"],
        now: Int = 1_700_000_010
    ) throws(StripeWebhookError) {
        try StripeWebhook.verify(
            rawBody: body, header: header, secrets: secrets,
            now: Date(timeIntervalSince1970: TimeInterval(now)))
    }

    @Test("each refusal says which check failed, to us")
    func stripeRefusals() {
        #expect(throws: StripeWebhookError.headerMissing) { try verify(nil) }
        #expect(throws: StripeWebhookError.headerMalformed) { try verify("v1=\(Self.good)") }
        #expect(throws: StripeWebhookError.headerMalformed) { try verify("t=-5,v1=\(Self.good)") }
        #expect(throws: StripeWebhookError.headerMalformed) { try verify("t=1,t=1700000000,v1=\(Self.good)") }
        #expect(throws: StripeWebhookError.signatureMissing) { try verify("t=1700000000,v1=abc") }
        #expect(throws: StripeWebhookError.signatureMismatch) {
            try verify("t=1700000000,v1=\(Self.good)", body: Self.body + [0x20])
        }
        #expect(throws: StripeWebhookError.signatureMismatch) {
            try verify("t=1700000000,v1=\(Self.good)", secrets: [""])
        }
        #expect(throws: StripeWebhookError.outsideTolerance(seconds: -301)) {
            try verify("t=1700000000,v1=\(Self.good)", now: 1_699_999_699)
        }
    }

    @Test("the future is tolerated as far as the past")
    func stripeFuture() throws {
        try verify("t=1700000000,v1=\(Self.good)", now: 1_699_999_700)
    }

    private func resend(now offset: Int = 0, body: String? = nil, id: String? = nil, secret: Secret? = nil)
        throws
    {
        let vector = try Example.json("resend-webhook-vector.json")
        try ResendWebhook.verify(
            rawBody: Array((try body ?? vector.needText("body")).utf8),
            id: id ?? vector["headers"]["svix-id"].string,
            timestamp: vector["headers"]["svix-timestamp"].string,
            signature: vector["headers"]["svix-signature"].string,
            secrets: [secret ?? Secret(try vector.needText("secret"))],
            now: Date(timeIntervalSince1970: TimeInterval(try vector.need("now", \.int) + offset)))
    }

    @Test("Resend's vector, where the second signature is the right one")
    func resendVector() throws {
        try resend()
        #expect(throws: ResendWebhookError.signatureMismatch) { try resend(body: "{}") }
        #expect(throws: ResendWebhookError.signatureMismatch) { try resend(id: "msg_other") }
        #expect(throws: ResendWebhookError.signatureMismatch) { try resend(secret: "whsec_AAAA") }
        #expect(throws: ResendWebhookError.secretMalformed) { try resend(secret: "nothing") }
        #expect(throws: ResendWebhookError.outsideTolerance(seconds: 330)) { try resend(now: 300) }
        #expect(throws: ResendWebhookError.outsideTolerance(seconds: -301)) { try resend(now: -331) }
    }

    @Test("a bounce is read from the verified body")
    func resendEvent() throws {
        let vector = try Example.json("resend-webhook-vector.json")

        let event = try #require(ResendEvent(parsing: Array(try vector.needText("body").utf8)))

        #expect(event.happening == .bounced(isPermanent: true, reason: "NoEmail"))
        #expect(event.message?.rawValue == "49a3999c-0ce1-4ea6-ab68-000000000001")
        #expect(event.recipients == ["ana@example.org"])
        #expect(event.tags == ["tenant": "casa-exemplu", "kind": "order_paid"])
        #expect(ResendEvent(parsing: Array("<html>".utf8)) == nil)
    }
}
