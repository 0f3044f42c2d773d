// The environment variables that CartFlux reads, each written once with what it means.

enum Variable: String, CaseIterable {
    case databaseURL = "DATABASE_URL"
    case engineDatabaseURL = "ENGINE_DATABASE_URL"
    case platformDatabaseURL = "PLATFORM_DATABASE_URL"
    case migrateDatabaseURL = "MIGRATE_DATABASE_URL"
    case redisURL = "REDIS_URL"
    case engineMasterKeys = "ENGINE_MASTER_KEYS"
    case webPort = "WEB_PORT"
    case webAddress = "WEB_ADDRESS"
    case webBaseDomain = "WEB_BASE_DOMAIN"
    case webIsSecure = "WEB_IS_SECURE"
    case webTrustedProxies = "WEB_TRUSTED_PROXIES"
    case sessionSecret = "SESSION_SECRET"
    case credentialsKey = "CREDENTIALS_KEY"
    case stripeBase = "STRIPE_API_BASE"
    case stripeKey = "STRIPE_SECRET_KEY"
    case stripeSecret = "STRIPE_WEBHOOK_SECRET"
    case stripeConnectSecret = "STRIPE_CONNECT_WEBHOOK_SECRET"
    case smartBillBase = "SMARTBILL_API_BASE"
    case bigBuyBase = "BIGBUY_API_BASE"
    case bigBuyKey = "BIGBUY_API_KEY"
    case resendBase = "RESEND_API_BASE"
    case resendKey = "RESEND_API_KEY"
    case resendSecret = "RESEND_WEBHOOK_SECRET"
    case mailFrom = "MAIL_FROM"
    case tokenIssuer = "API_TOKEN_ISSUER"
    case tokenSecret = "API_TOKEN_SECRET"
    case tokenKeys = "API_TOKEN_KEYS_URL"
    case hostedPaymentBase = "STRIPE_HOSTED_PAYMENT_BASE"
    case dnsResolver = "DNS_RESOLVER"
    case checkoutsPerMinute = "CARTFLUX_CHECKOUTS_PER_MINUTE"
    case slots = "CARTFLUX_SLOTS"
    case leaseSeconds = "CARTFLUX_LEASE_SECONDS"
    case withdrawalSeconds = "CARTFLUX_WITHDRAWAL_SECONDS"
    case parcelSeconds = "CARTFLUX_PARCEL_SECONDS"
    case clockFile = "CARTFLUX_CLOCK_FILE"
    case logLevel = "LOG_LEVEL"
    case metricsPort = "METRICS_PORT"
    case metricsHost = "METRICS_HOST"
    case tracesEndpoint = "OTEL_EXPORTER_OTLP_ENDPOINT"

    var meaning: String {
        switch self {
        case .databaseURL: "Postgres under the role cartflux_app (postgres://...)"
        case .engineDatabaseURL: "the same database under the role cartflux_engine"
        case .platformDatabaseURL: "the same database under the role cartflux_platform"
        case .migrateDatabaseURL: "the same database under an administrator, for `migrate` and `demo` alone"
        case .redisURL: "Redis (redis://, rediss:// or unix://)"
        case .engineMasterKeys: "seals the keys of people: name:base64,... of 32 bytes each, newest first"
        case .webPort: "the port of the web server (8080)"
        case .webAddress: "the address it listens on (127.0.0.1)"
        case .webBaseDomain: "stores are served at {slug}.{this domain}"
        case .webIsSecure: "true when browsers come by https at a proxy in front (false)"
        case .webTrustedProxies: "the proxies' addresses, by commas; needed with WEB_IS_SECURE"
        case .sessionSecret: "signs session cookies; at least 32 characters"
        case .credentialsKey: "seals vendors' credentials in the database; 32 bytes in base64"
        case .stripeBase: "Stripe's API (https://api.stripe.com)"
        case .stripeKey: "Stripe's secret key (sk_...)"
        case .stripeSecret: "signing secret of the platform's webhook endpoint (whsec_...)"
        case .stripeConnectSecret: "signing secret of the endpoint for connected accounts (whsec_...)"
        case .smartBillBase: "SmartBill's API (https://ws.smartbill.ro/SBORO/api)"
        case .bigBuyBase: "BigBuy's API (https://api.bigbuy.eu)"
        case .bigBuyKey: "BigBuy's key"
        case .resendBase: "Resend's API (https://api.resend.com)"
        case .resendKey: "Resend's key (re_...)"
        case .resendSecret: "signing secret of Resend's webhook (whsec_...)"
        case .mailFrom: "an address of a verified domain, from which mail is sent"
        case .tokenIssuer: "who signs the API's tokens: https://<project>.supabase.co/auth/v1 (no tokens)"
        case .tokenSecret: "the project's shared secret, where it signs with one (HS256)"
        case .tokenKeys: "its published keys otherwise ({issuer}/.well-known/jwks.json)"
        case .hostedPaymentBase: "the hosted card page, up to the PaymentIntent's id"
        case .dnsResolver: "who is asked about merchants' own domains, such as 1.1.1.1 (the system's)"
        case .checkoutsPerMinute: "checkouts that one address may make in a minute (20)"
        case .slots: "runs in flight at once in a worker (512)"
        case .leaseSeconds: "how long the fleet waits for a silent worker (6)"
        case .withdrawalSeconds: "the withdrawal period, for demos and tests (14 days)"
        case .parcelSeconds: "between looks at a parcel, for demos and tests (45 minutes)"
        case .clockFile: "a file with the seconds that business is ahead, for demos with test keys (none)"
        case .logLevel: "trace, debug, info, notice, warning or error (info)"
        case .metricsPort: "a port for /metrics, /healthz and /readyz, beside the web's own (off)"
        case .metricsHost: "the address that they are served on (127.0.0.1)"
        case .tracesEndpoint: "a collector that takes traces by OTLP/HTTP, such as http://host:4318 (off)"
        }
    }

    static var help: String {
        allCases.map { "  \($0.rawValue.padded(to: 30)) \($0.meaning)" }.joined(separator: "\n")
    }
}

extension String {
    func padded(to width: Int) -> String {
        count >= width ? self : self + String(repeating: " ", count: width - count)
    }
}
