import Foundation
import Testing

@testable import Commerce

@Suite("Rules of outgoing webhooks")
struct WebhookRulesTests {
    @Test("the pauses grow, and the last attempt is made within about three days")
    func pauses() {
        let delivery = WebhookDeliveryID()
        let pauses = (1..<WebhookRules.attemptLimit).compactMap {
            WebhookRules.pause(after: $0, of: delivery)
        }

        #expect(pauses.count == WebhookRules.attemptLimit - 1)
        #expect(pauses == pauses.sorted())
        let whole = pauses.reduce(.zero, +)
        #expect(whole > .seconds(70 * 3_600) && whole < .seconds(80 * 3_600))
        #expect(WebhookRules.pause(after: WebhookRules.attemptLimit, of: delivery) == nil)
    }

    @Test("a receiver may ask for a longer pause, within reason, and for no shorter one")
    func asked() {
        let delivery = WebhookDeliveryID()

        #expect(WebhookRules.pause(after: 1, of: delivery, asked: .seconds(600)) == .seconds(600))
        #expect(WebhookRules.pause(after: 1, of: delivery, asked: .seconds(9_000_000)) == .seconds(86_400))
        #expect(
            WebhookRules.pause(after: 4, of: delivery, asked: .seconds(1))
                == WebhookRules.pause(after: 4, of: delivery))
    }

    @Test("what failed together does not come back together")
    func spread() {
        let pauses = Set((0..<200).compactMap { _ in WebhookRules.pause(after: 5, of: WebhookDeliveryID()) })

        #expect(pauses.count > 20)
    }

    @Test(
        "an address that cannot be an endpoint says why",
        arguments: [
            ("", "whole address"), ("example.com/hooks", "whole address"), ("ftp://example.com", "https://"),
            ("http://example.com/hooks", "https://"), ("https://user:pw@example.com/", "password"),
            ("https://example.com/#top", "fragment"), ("https://10.1.2.3/", "no public host"),
            ("https://[::1]/", "no public host"), ("https://shop/", "no public host"),
            ("https://exa mple.com/", "whole address"), ("https://exämple.com/", "whole address"),
        ])
    func refused(address: String, reason: String) {
        #expect(WebhookRules.problem(ofAddress: address, mayBePrivate: false)?.contains(reason) == true)
    }

    @Test("public addresses are accepted, and private ones where that is allowed")
    func accepted() {
        #expect(WebhookRules.problem(ofAddress: "https://example.com/a?b=c", mayBePrivate: false) == nil)
        #expect(WebhookRules.problem(ofAddress: "https://8.8.8.8:8443/", mayBePrivate: false) == nil)
        #expect(WebhookRules.problem(ofAddress: "http://127.0.0.1:4020/", mayBePrivate: true) == nil)
    }

    @Test(
        "a machine inside a network is known in all its spellings",
        arguments: [
            "localhost", "a.localhost", "db", "db.internal", "printer.local", "127.0.0.1", "127.1",
            "10.9.8.7",
            "192.168.1.1", "172.16.0.1", "172.31.255.255", "169.254.169.254", "100.64.0.1", "198.18.0.1",
            "0.0.0.0", "0177.0.0.1", "0x7f.0.0.1", "2130706433", "[::1]", "fe80::1", "224.0.0.1",
            "LOCALHOST.",
        ])
    func privateHosts(host: String) {
        #expect(NetworkHost.isPrivate(host))
    }

    @Test(
        "public hosts are none", arguments: ["example.com", "8.8.8.8", "172.32.0.1", "face.cafe", "a.b.co"])
    func publicHosts(host: String) {
        #expect(!NetworkHost.isPrivate(host))
    }

    @Test("kinds of events are what is stored and sent, and each says what it means")
    func kinds() {
        #expect(
            WebhookKind.allCases.map(\.rawValue) == [
                "order.placed", "order.paid", "order.fulfilled", "order.delivered", "order.cancelled",
                "order.refunded", "shipment.created", "shipment.delivered", "invoice.issued",
                "dispute.opened", "dispute.closed", "claim.opened", "claim.answered", "claim.settled",
                "product.created", "product.updated",
            ])
        #expect(Set(WebhookKind.allCases.map(\.meaning)).count == WebhookKind.allCases.count)
    }
}
