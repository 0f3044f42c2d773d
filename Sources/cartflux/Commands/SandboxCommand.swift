import ArgumentParser
import VendorSandbox

struct SandboxCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sandbox",
        abstract: "The vendors on loopback: Stripe at the port, then SmartBill, BigBuy, Resend, feeds, VIES."
    )

    @Option(help: "Stripe's port; the others take the five after it. 0 takes any free ports.")
    var port = 4242

    func run() async throws {
        let sandbox = try await VendorSandbox.start(port: port)
        for (name, url) in sandbox.addresses { print("\(name) \(url)") }
        try await sandbox.wait()
    }
}
