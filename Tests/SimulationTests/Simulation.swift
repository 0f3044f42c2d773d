// One simulated life of a fleet: clients start runs, signal and cancel them; workers are killed, paused,
// stopped and replaced; the servers go down and forget. When the faults are over everything must end.

import Durable
import Foundation
import Logging
import Postgres
import Synchronization

@testable import DurableTesting
@testable import Fleet

/// What a client asked for.
enum Plan: Sendable, Equatable {
    case purchase(isDoomed: Bool)
    case nap(milliseconds: Int64)
    case question(asksSilence: Bool)
    case family
}

final class Simulation: Sendable {
    let seed: UInt64
    let loop: SimulationLoop
    let history: History
    let faults: FaultPlan
    let storeServer: StoreServer
    let dispatchServer: DispatchServer
    let world: OutsideWorld
    private let workers = Mutex<[SimulatedWorker]>([])
    private let slots: Int

    /// After the faults everything gets this long to end.
    static let patience: Duration = .seconds(150)

    init(seed: UInt64, breakage: BrokenBuild? = nil) {
        self.seed = seed
        loop = SimulationLoop(seed: seed)
        history = History(loop)
        faults = FaultPlan(loop)
        storeServer = StoreServer(Wire(loop, faults), history, breakage)
        dispatchServer = DispatchServer(Wire(loop, faults), history, breakage)
        world = OutsideWorld(Wire(loop, faults), history)
        slots = loop.random(1...6)
    }

    struct Result: Sendable {
        let seed: UInt64
        let entries: [History.Entry]
        let complaints: [String]
        let end: SimulationLoop.End
        let jobsRun: Int
    }

    /// Plays the whole life on the calling thread and judges it.
    func play() -> Result {
        let end = loop.run { await self.live() }
        var complaints = HistoryChecker(history.entries).complaints
        switch end {
        case .done: break
        case .stuck: complaints.append("something waits for what is not part of the simulation")
        case .tooLong: complaints.append("the simulation does not come to an end")
        }
        return Result(
            seed: seed, entries: history.entries, complaints: complaints, end: end, jobsRun: loop.jobsRun)
    }

    private func live() async {
        for _ in 0..<loop.random(1...3) { hire() }
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.strike() }
            for number in 0..<loop.random(3...9) {
                group.addTask { await self.drive(number) }
            }
            await group.waitForAll()
        }
        for worker in workers.withLock({ $0 }) { await worker.leave() }
    }

    // MARK: Workers

    private func hire() {
        let number = workers.withLock { $0.count + 1 }
        let worker = SimulatedWorker(
            "worker-\(number)", slots: slots, store: storeServer, dispatch: dispatchServer, world: world)
        workers.withLock { $0.append(worker) }
        worker.start()
    }

    /// Up to six blows, each followed by what an operator would do.
    private func strike() async {
        for _ in 0..<loop.random(1...6) {
            await pause(loop.random(.milliseconds(200) ... .seconds(4)))
            guard loop.uptime < faults.calm else { break }
            await blow(loop.random(0...7))
        }
        await pause(max(.zero, faults.calm - loop.uptime))
        for worker in workers.withLock({ $0 }) { worker.process.goOn() }
        if !workers.withLock({ $0.contains { $0.isWorking } }) { hire() }
        history.append(.fault("calm"))
    }

    private func blow(_ kind: Int) async {
        let working = workers.withLock { $0.filter(\.isWorking) }
        let victim = working.isEmpty ? nil : working[loop.random(0...(working.count - 1))]
        switch kind {
        case 0, 1:
            guard let victim else { return hire() }
            history.append(.fault("\(victim.process.name) is killed"))
            victim.kill()
            await pause(loop.random(.milliseconds(100) ... .seconds(2)))
            hire()
        case 2, 3:
            guard let victim else { return hire() }
            history.append(.fault("\(victim.process.name) is paused"))
            victim.process.pause()
            if loop.chance(0.5) { hire() }
            await pause(loop.random(.milliseconds(500) ... .seconds(12)))
            victim.process.goOn()
            history.append(.fault("\(victim.process.name) goes on"))
        case 4:
            guard let victim else { return hire() }
            history.append(.fault("\(victim.process.name) is asked to stop"))
            victim.stop()
            hire()
        case 5:
            history.append(.fault("the dispatcher forgets everything"))
            dispatchServer.queue.withLock { $0.flush() }
        case 6:
            history.append(.fault("the store goes down"))
            storeServer.wire.restart(for: loop.random(.milliseconds(100) ... .seconds(5)))
        default:
            history.append(.fault("the dispatcher goes down and forgets everything"))
            dispatchServer.queue.withLock { $0.flush() }
            dispatchServer.wire.restart(for: loop.random(.milliseconds(100) ... .seconds(5)))
        }
    }

    // MARK: Clients

    /// One client: it starts one run until that is accepted, and follows it to its end.
    private func drive(_ number: Int) async {
        await pause(loop.random(.zero...faults.calm / 2))
        let client = SimulatedClient(
            "client-\(number)", store: storeServer, dispatch: dispatchServer, history: history)
        await client.work(plan, number: number, until: faults.calm + Self.patience)
    }

    private var plan: Plan {
        switch loop.random(0...7) {
        case 0, 1: .purchase(isDoomed: false)
        case 2: .purchase(isDoomed: true)
        case 3: .nap(milliseconds: Int64(loop.random(1...9_000)))
        case 4, 5: .question(asksSilence: loop.chance(0.3))
        default: .family
        }
    }

    private func pause(_ duration: Duration) async {
        // Nothing cancels what drives a simulation.
        try? await loop.sleep(for: duration)
    }
}

/// A worker process with the task in which it lives.
final class SimulatedWorker: Sendable {
    let process: SimulatedProcess
    private let worker: Worker
    private let life = Mutex<Task<Void, Never>?>(nil)
    private let isStopping = Mutex(false)

    init(_ name: String, slots: Int, store: StoreServer, dispatch: DispatchServer, world: OutsideWorld) {
        let process = SimulatedProcess(name, on: store.loop)
        let simulatedStore = SimulatedStore(server: store, process: process)
        let desk = Desk(world: world, tables: BusinessTables(store: simulatedStore), process: process)
        let registry = desk.registry
        let machine = process.machine
        let identity = WorkerIdentity(
            queue: "default", slots: slots, registry: registry, id: machine.newRunID().rawValue)
        self.process = process
        worker = Worker(
            .simulated(slots: slots), registry: registry, identity: identity, store: simulatedStore,
            dispatcher: SimulatedDispatcher(dispatch, for: process, token: name),
            notices: NoNotices(), machine: machine,
            logger: HistoryLog.logger(of: process, in: store.history))
    }

    var isWorking: Bool { !process.isDead && !isStopping.withLock { $0 } }

    func start() {
        // Awaited by `leave` and cancelled by `stop`.
        let task = Task { [worker, process] in
            // A worker that cannot register gives up; whoever supervises it starts it again.
            while !process.isDead, !Task.isCancelled {
                do { return try await worker.run() } catch { await process.machine.pause(.milliseconds(300)) }
            }
        }
        life.withLock { $0 = task }
    }

    func kill() { process.kill() }

    func stop() {
        isStopping.withLock { $0 = true }
        life.withLock { $0 }?.cancel()
    }

    /// The end of the simulation.
    func leave() async {
        stop()
        process.bury()
        await life.withLock { $0 }?.value
    }
}

extension FleetConfiguration {
    static func simulated(slots: Int) -> FleetConfiguration {
        // Nobody connects to it.
        guard let database = try? PostgresConfiguration("postgres://nobody@localhost/nowhere") else {
            preconditionFailure("a plain URL is a configuration")
        }
        var configuration = FleetConfiguration(database: database)
        configuration.slots = slots
        return configuration
    }
}

/// What the engine logs goes into the history, for whoever reads why a seed failed.
struct HistoryLog: LogHandler {
    let process: SimulatedProcess
    let history: History
    var metadata: Logger.Metadata = [:]
    var logLevel: Logger.Level = .notice

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        guard !process.isDead else { return }
        let details = (event.metadata ?? [:]).map { "\($0.key)=\($0.value)" }.sorted()
        history.append(.log("\(process.name): \(event.message) \(details.joined(separator: " "))"))
    }

    static func logger(of process: SimulatedProcess, in history: History) -> Logger {
        Logger(label: process.name) { _ in HistoryLog(process: process, history: history) }
    }
}
