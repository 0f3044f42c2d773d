import Synchronization

/// The processes a platform has started, so that each is ended with it, whatever became of the test.
final class Children: Sendable {
    private let processes = Mutex<[CartFluxProcess]>([])

    func add(_ process: CartFluxProcess) { processes.withLock { $0.append(process) } }

    func end() async {
        for process in processes.withLock({ $0 }) { await process.end() }
    }

    var lastWords: String {
        processes.withLock { $0 }.map(\.lastWords).joined(separator: "\n")
    }
}
