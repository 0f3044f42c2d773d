import Foundation
import Synchronization

/// The demo's own processes. Each logs to `.cartflux/demo-logs/NAME.log`; all end with the demo.
final class DemoChildren: Sendable {
    private struct Child {
        let name: String
        let process: Process
    }

    private let children = Mutex<[Child]>([])

    func start(_ name: String, _ arguments: [String], _ environment: [String: String]) throws {
        let logs = URL(filePath: DemoRecord.folder).appending(path: "demo-logs")
        try FileManager.default.createDirectory(at: logs, withIntermediateDirectories: true)
        let log = logs.appending(path: "\(name).log")
        guard FileManager.default.createFile(atPath: log.path, contents: nil) else {
            throw DemoProblem("cannot write \(log.path)")
        }
        let handle = try FileHandle(forWritingTo: log)
        let process = Process()
        process.executableURL = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath()
        process.arguments = arguments
        process.environment = environment
        process.standardOutput = handle
        process.standardError = handle
        process.standardInput = FileHandle.nullDevice
        try process.run()
        children.withLock { $0.append(Child(name: name, process: process)) }
    }

    var processes: [String: Int] {
        children.withLock { children in
            Dictionary(uniqueKeysWithValues: children.map { ($0.name, Int($0.process.processIdentifier)) })
        }
    }

    /// A process that should still be there, with the end of its log.
    var firstDead: String? {
        children.withLock { children in
            children.first { !$0.process.isRunning }.map { child in
                let path = "\(DemoRecord.folder)/demo-logs/\(child.name).log"
                let log = (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
                return "\(child.name) (status \(child.process.terminationStatus)):\n\(log.suffix(2_000))\n"
            }
        }
    }

    /// Asks all to stop, the newest first, and ends those that do not within ten seconds.
    func stop() async {
        let running = children.withLock { $0.map(\.process) }.reversed().filter(\.isRunning)
        for process in running { process.terminate() }
        let deadline = ContinuousClock.now + .seconds(10)
        while running.contains(where: \.isRunning), ContinuousClock.now < deadline {
            // A cancelled demo still stops its children.
            try? await Task.sleep(for: .milliseconds(50))
        }
        for process in running where process.isRunning { kill(process.processIdentifier, SIGKILL) }
    }
}
