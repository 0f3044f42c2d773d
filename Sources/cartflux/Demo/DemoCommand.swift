// A whole platform on one machine: the vendors' sandboxes, web, two workers and the duties as child
// processes, a seeded database, and people who use it over HTTP: one buys, one opens a store, one is
// refunded, and all are billed at the end of the month. The databases' addresses come from `ops/demo`.

import ArgumentParser
import Foundation
import UnixSignals

struct DemoCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "demo",
        abstract: "Brings up a demo platform and plays a month on it, from an order to the invoice.",
        discussion: "Started by ops/demo, which brings Postgres and Redis. Stays up until Ctrl-C.")

    @Flag(help: "Ends with the story: status 0 when every part came out right, 1 when one did not.")
    var once = false

    func run() async throws {
        let stop = await UnixSignalsSequence(trapping: .sigterm, .sigint)
        let demo = try await DemoPlatform.start()
        do {
            let purchase = try await DemoShopper(demo).buy()
            print(try await demo.report(purchase))
            try demo.record.write()
            try await DemoStory(demo).tell(after: purchase)
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
