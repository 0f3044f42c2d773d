// The web faces of a process and the inbox behind their webhooks.

import CommerceStore
import Console
import Durable
import Fleet
import Foundation
import Gateway
import Redis
import ServiceLifecycle
import Storefront
import Stripe
import VendorHTTP
import WebSupport
import Workflows

struct Faces {
    let server: WebServer
    let inbox: InboxProcessor
    let pulse: ShopPulse

    init(_ platform: Platform, _ metrics: MetricsRegistry) throws {
        let settings = platform.settings
        let runs = platform.runs
        let stripe = try platform.stripe
        let live = LiveHub(
            runs,
            isReachable: { [redis = platform.redis] in
                // That it fails is the answer.
                do { _ = try await redis.send(RedisCommand("PING")) } catch { return false }
                return true
            })
        let domain = try settings.required(.webBaseDomain)
        let desk = CheckoutDesk(database: platform.database) { checkout, tx in
            do {
                return try await runs.start(
                    CheckoutToFulfilment.self, CheckoutToFulfilment.Input(checkout: checkout.id),
                    once: checkout.id.description, for: Tenant(tx.tenant),
                    subject: try platform.subject(checkout.email, of: tx.tenant), in: tx.postgres
                ).id.rawValue
            } catch RunsError.overloaded(let what, let pause) {
                platform.logger.warning("a checkout was put off", metadata: ["because": "\(what)"])
                let seconds = Int(pause.seconds.rounded(.up))
                throw WebProblem(.unavailable, headers: ["Retry-After": "\(seconds)"])
            }
        }
        inbox = Self.inbox(platform, stripe, metrics)
        let storefront = Storefront(
            database: platform.database, desk: desk, progress: HeardProgress(live),
            hosted: HostedPayment(
                base: settings.text(.hostedPaymentBase, default: Self.sandboxPage(settings))),
            personalData: try platform.personalDataDesk(), returns: platform.returnsDesk(),
            claims: platform.claimDesk(),
            cache: PageCache(
                bytes: try settings.integer(.pageCacheMiB, in: 0...65_536, default: 64) * 1_048_576,
                metrics: metrics, database: platform.database))
        let gateway = try Gateway(
            database: platform.database, desk: desk, processor: inbox,
            stripe: StripeHookSettings(
                platformSecrets: [Secret(try settings.required(.stripeSecret))],
                connectSecrets: [Secret(try settings.required(.stripeConnectSecret))],
                isLive: try platform.isLive),
            resendSecrets: [Secret(try settings.required(.resendSecret))],
            tokens: try platform.accessTokens(), programs: try platform.programsDesk(),
            programLimit: Self.programLimit(platform))
        let console = try platform.console(live)
        pulse = console.pulse
        server = WebServer(
            try Self.configuration(settings),
            hosts: HostDirectory(
                platformHosts: [domain, "127.0.0.1", "localhost"],
                dashboardHosts: [Platform.dashboardHost(domain)],
                consoleHosts: [Platform.consoleHost(domain)], tenants: Tenants(platform.database)),
            endpoints: storefront.endpoints + gateway.endpoints + (try platform.dashboard(live)).endpoints
                + console.endpoints,
            checks: platform.readiness,
            metrics: metrics, rateLimit: try Self.rateLimit(settings), logger: platform.logger)
    }

    private static func configuration(_ settings: Settings) throws -> WebServer.Configuration {
        var configuration = WebServer.Configuration(
            address: settings.text(.webAddress, default: "127.0.0.1"),
            port: try settings.integer(.webPort, in: 0...65_535, default: 8080),
            isSecure: try settings.flag(.webIsSecure), sessionSecret: try sessionSecret(settings))
        configuration.trustedProxies = try trustedProxies(settings)
        return configuration
    }

    /// Behind a proxy that is not believed every visitor has the proxy's address, and all share one limit.
    private static func trustedProxies(_ settings: Settings) throws -> Set<String> {
        guard try settings.flag(.webIsSecure) || settings.optional(.webTrustedProxies) != nil else {
            return []
        }
        return try settings.parsed(.webTrustedProxies) { text in
            let addresses = text.split(separator: ",").map { $0.filter { $0 != " " } }
            guard !addresses.isEmpty, addresses.allSatisfy(ClientNetwork.isAddress) else {
                throw NoAddresses()
            }
            return Set(addresses)
        }
    }

    private struct NoAddresses: Error, CustomStringConvertible {
        var description: String { "must be addresses such as 10.0.0.7, with commas between them" }
    }

    private static func inbox(
        _ platform: Platform, _ stripe: StripeClient, _ metrics: MetricsRegistry
    ) -> InboxProcessor {
        let courier = PaymentCourier(platform.runs, starter: platform.runs)
        return InboxProcessor(
            database: platform.database, metrics: metrics, logger: platform.logger,
            readAccount: { try await stripe.account($0) },
            tellAccount: { once, tx in
                guard let run = try await Onboardings().find(in: tx)?.run else { return }
                _ = try await platform.runs.send(
                    .onboarding, OnboardingSignal(.account), to: RunID(rawValue: run), once: once)
            },
            deliverBilling: { event, tx in try await BillingCourier(platform.runs).deliver(event, in: tx) },
            deliver: { news, _, tx in
                switch try await courier.deliver(news.event, about: news.payment, in: tx) {
                case .delivered, .nothingToDo: .delivered
                case .notYet(let why): .notYet(why)
                }
            })
    }

    private static func sandboxPage(_ settings: Settings) -> String {
        settings.text(.stripeBase, default: "https://api.stripe.com") + "/_sandbox/pay"
    }

    private static func sessionSecret(_ settings: Settings) throws -> String {
        try settings.parsed(.sessionSecret) { text in
            guard text.utf8.count >= 32 else { throw TooShort() }
            return text
        }
    }

    private struct TooShort: Error, CustomStringConvertible {
        var description: String { "needs at least 32 characters" }
    }

    /// One count for all processes that answer a program.
    private static func programLimit(_ platform: Platform) -> FleetLimit {
        FleetLimit(
            .ofPrograms, in: Limits(redis: platform.redis, logger: platform.logger), logger: platform.logger)
    }

    private static func rateLimit(_ settings: Settings) throws -> RateLimit {
        let perMinute = try settings.integer(.checkoutsPerMinute, in: 1...1_000_000, default: 20)
        return RateLimit(capacity: perMinute, perMinute: perMinute)
    }
}
