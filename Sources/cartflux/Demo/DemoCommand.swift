// A whole platform on one machine: the vendors' sandboxes, web, two workers and the duties as child
// processes, a seeded database, and one shopper who buys over HTTP like a person would. The databases'
// addresses come from `ops/demo`.

import ArgumentParser
import Foundation
import UnixSignals

struct DemoCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "demo",
        abstract: "Brings up a demo platform and drives one order from basket to delivery.",
        discussion: "Started by ops/demo, which brings Postgres and Redis. Stays up until Ctrl-C.")

    @Flag(help: "Ends when the order is delivered and invoiced: status 0, or 1 when it was not.")
    var once = false

    func run() async throws {
        let stop = await UnixSignalsSequence(trapping: .sigterm, .sigint)
        let demo = try await DemoPlatform.start()
        do {
            let purchase = try await DemoShopper(demo).buy()
            print(try await demo.report(purchase))
            try demo.record.write()
            if !once {
                print(demo.invitation)
                for await _ in stop { break }
            }
        } catch {
            FileHandle.standardError.write(Data("the demo failed: \(error)\n".utf8))
            await demo.stop()
            throw ExitCode.failure
        }
        await demo.stop()
    }
}
