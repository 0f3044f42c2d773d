import Foundation

#if canImport(Glibc)
import Glibc
#endif

/// Ports that were free a moment ago.
struct DemoPorts: Sendable {
    let web: Int
    /// Stripe's; the other vendors, the feeds and VIES take the five after it.
    let sandbox: Int

    static func free() throws -> DemoPorts {
        for _ in 0..<50 {
            let base = Int.random(in: 20_000...29_000)
            guard (base..<base + 7).allSatisfy(isFree) else { continue }
            return DemoPorts(web: base + 6, sandbox: base)
        }
        throw DemoProblem("no seven free ports in a row between 20000 and 29007")
    }

    private static func isFree(_ port: Int) -> Bool {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
    }
}

/// What every process of the demo is told.
struct DemoWorld: Sendable {
    let ports: DemoPorts
    let environment: [String: String]
    let domain = "localhost"
    /// How far business is ahead of the machine's clock.
    static let clockFile = "\(DemoRecord.folder)/demo-clock"

    init(given: Settings, ports: DemoPorts) {
        self.ports = ports
        let sandbox = { (offset: Int) in "http://127.0.0.1:\(ports.sandbox + offset)" }
        var values = ProcessInfo.processInfo.environment
        let demo: [Variable: String] = [
            .webPort: "\(ports.web)", .webBaseDomain: "localhost", .sessionSecret: Self.secret(48),
            .credentialsKey: Data(Self.secret(32).utf8.prefix(32)).base64EncodedString(),
            .stripeBase: sandbox(0), .stripeKey: "sk_test_demo", .smartBillBase: sandbox(1) + "/SBORO/api",
            .bigBuyBase: sandbox(2), .bigBuyKey: "demo-key", .resendBase: sandbox(3), .resendKey: "re_demo",
            .viesBase: sandbox(5) + "/taxation_customs/vies/rest-api",
            .mailFrom: "shop@mail.cartflux.test", .withdrawalSeconds: "5", .parcelSeconds: "1",
            .checkoutsPerMinute: "10000", .clockFile: Self.clockFile,
            .logLevel: given.text(.logLevel, default: "warning"),
        ]
        for (variable, value) in demo { values[variable.rawValue] = value }
        // The administrator's access is for migrating alone.
        values[Variable.migrateDatabaseURL.rawValue] = nil
        environment = values
    }

    private static func secret(_ length: Int) -> String {
        let letters = Array("abcdefghijklmnopqrstuvwxyz0123456789")
        var generator = SystemRandomNumberGenerator()
        return String((0..<length).map { _ in letters.randomElement(using: &generator) ?? "x" })
    }
}
