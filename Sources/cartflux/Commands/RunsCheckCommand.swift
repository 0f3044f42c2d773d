import ArgumentParser
import Durable
import Fleet
import Foundation

struct RunsCheckCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Replays live runs against this binary and lists those that would not go on as they began.",
        discussion: """
            Run it with the new binary before a rollout; it runs no step and writes nothing. Exit code 1 when
            a run would diverge. Runs of a workflow that this binary does not have wait untouched.
            """)

    @Option(help: "Only runs of this workflow.") var workflow: String?
    @Flag(help: "Records that new code has not asked for yet do not count: a step was added on purpose.")
    var allowUnreached = false
    @Flag(help: "One JSON object per run.") var json = false

    func run() async throws {
        let platform = try await Platform(Settings(), label: "cartflux.check")
        let check = DeployCheck(
            try platform.registry(), pool: platform.enginePool, masterKeys: platform.fleet.masterKeys,
            logger: platform.logger)
        let report = try await check.run(workflow: workflow)
        await platform.redis.shutdown()
        await platform.enginePool.shutdown()
        let divergent = report.divergent.filter { run in
            !allowUnreached || run.findings.contains { $0.kind != .unreached }
        }
        for run in divergent { print(json ? RunJSON.divergent(run) : RunText.divergent(run)) }
        if !json {
            let more = report.unlisted > 0 ? " and \(report.unlisted) more" : ""
            let sealed = report.unreadable > 0 ? "; \(report.unreadable) could not be opened" : ""
            print("\(report.checked) live runs replayed; \(divergent.count)\(more) would diverge\(sealed)")
        }
        if !divergent.isEmpty || report.unlisted > 0 { throw ExitCode(1) }
    }
}
