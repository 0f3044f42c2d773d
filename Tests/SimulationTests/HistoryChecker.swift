// Judges a history by the engine's promises. It knows nothing of the engine's state: a promise that cannot be
// broken in what callers and the world outside saw is not broken.

import Durable

struct HistoryChecker {
    let complaints: [String]

    init(_ entries: [History.Entry]) {
        var reading = Reading()
        for (place, entry) in entries.enumerated() { reading.take(entry, at: place) }
        reading.conclude()
        complaints = reading.complaints
    }
}

/// What is known while the history is read from its beginning.
private struct Reading {
    struct Known {
        var plan: Plan?
        var outcomes: [Outcome] = []
        var claims: [(epoch: Int64, place: Int)] = []
        var recorded: Set<String> = []
        var finishes = 0
        var told: [String: String] = [:]
        var keys: [String: String] = [:]
        var effects: [String] = []
        var returned: String?
        var wakeAt: Duration?
        var isCancelled = false
        var rescues = 0
    }

    var runs: [RunID: Known] = [:]
    var accepted: [String: RunID] = [:]
    var complaints: [String] = []

    mutating func complain(_ what: String, _ run: RunID) { complaints.append("\(what) (run \(run))") }

    mutating func take(_ entry: History.Entry, at place: Int) {
        switch entry.event {
        case .accepted(let run, let key, let plan):
            runs[run, default: Known()].plan = plan
            if let known = accepted[key], known != run { complain("one key started two runs", run) }
            accepted[key] = run
        case .claimed(let run, let epoch, _):
            runs[run, default: Known()].claims.append((epoch, place))
        case .verdict(let lease, let write, let verdict, let sentAt, _):
            if verdict != .fenced { written(lease, write, sentAt, verdict) }
        case .began(let run, let step, let key, _): began(run, step, key)
        case .effect(let run, let step, let key): effect(run, step, key)
        case .told(let run, let step, let value):
            if let known = runs[run]?.told[step], known != value {
                complain("\(step) was told as \(known) and as \(value)", run)
            }
            runs[run, default: Known()].told[step] = value
        case .returned(let run, let value):
            if let known = runs[run]?.returned, known != value {
                complain("it returned \(known) and \(value)", run)
            }
            runs[run, default: Known()].returned = value
        case .fellAsleep(let run, let until):
            runs[run, default: Known()].wakeAt = runs[run]?.wakeAt ?? until
        case .awoke(let run):
            if let wakeAt = runs[run]?.wakeAt, entry.at < wakeAt { complain("it awoke early", run) }
        case .cancelled(let run): runs[run, default: Known()].isCancelled = true
        case .ended(let run, let outcome): runs[run, default: Known()].outcomes.append(outcome)
        case .rescued(let run): runs[run, default: Known()].rescues += 1
        case .forgotten(let run): complain("the dispatcher forgot a run that somebody has", run)
        case .sent, .fault, .log: break
        }
    }

    /// A write that was accepted must have come from the owner.
    private mutating func written(
        _ lease: Lease, _ write: Event.Write, _ sentAt: Int, _ verdict: Event.Verdict
    ) {
        let run = lease.run
        if let later = runs[run]?.claims.first(where: { $0.epoch > lease.epoch && $0.place < sentAt }) {
            complain("a write under epoch \(lease.epoch) was accepted after \(later.epoch) was claimed", run)
        }
        guard verdict == .committed else { return }
        switch write {
        case .step(let key): runs[run, default: Known()].recorded.insert(key.description)
        case .finish:
            runs[run, default: Known()].finishes += 1
            if runs[run]?.finishes != 1 { complain("it ended twice", run) }
        case .other: break
        }
    }

    private mutating func began(_ run: RunID, _ step: String, _ key: String) {
        let known = runs[run, default: Known()]
        if known.recorded.contains(step) || known.told[step] != nil {
            complain("\(step) began again after its result was recorded", run)
        }
        if let before = known.keys[step], before != key { complain("\(step) has two keys", run) }
        runs[run, default: Known()].keys[step] = key
    }

    private mutating func effect(_ run: RunID, _ step: String, _ key: String) {
        if runs[run]?.effects.contains(step) == true { complain("\(step) took effect twice", run) }
        runs[run, default: Known()].effects.append(step)
    }

    // MARK: At the end

    mutating func conclude() {
        for (run, known) in runs.sorted(by: { $0.key < $1.key }) {
            if known.plan != nil, known.outcomes.isEmpty { complain("it was accepted and never ended", run) }
            for outcome in known.outcomes { judge(run, known, outcome) }
        }
    }

    private mutating func judge(_ run: RunID, _ known: Known, _ outcome: Outcome) {
        switch outcome {
        case .succeeded(let payload):
            if payload.text != known.returned { complain("it ended with what it did not return", run) }
            if known.plan == .purchase(isDoomed: true) { complain("a doomed purchase succeeded", run) }
            if known.effects.contains(where: { $0.hasPrefix("undo:") }) {
                complain("a run that succeeded was undone", run)
            }
            expectAnswers(run, known)
        case .failed(let failure) where failure.code == "poisoned":
            if known.rescues < 2 { complain("it was set aside for too little", run) }
        case .failed(let failure):
            let isExpected = known.plan == .purchase(isDoomed: true) || known.isCancelled
            if !isExpected, failure.code != "poisoned" { complain("it failed: \(failure.message)", run) }
            expectUndone(run, known)
        case .cancelled:
            if !known.isCancelled { complain("it was cancelled by nobody", run) }
            expectUndone(run, known)
        case .needsAttention(let failure): complain("it needs attention: \(failure.message)", run)
        }
    }

    /// Both answers came, each once, and none for the question that nobody answers.
    private mutating func expectAnswers(_ run: RunID, _ known: Known) {
        guard case .question = known.plan else { return }
        let answers = [known.told["answer 1"], known.told["answer 2"]].compactMap { $0 }.sorted()
        if answers != ["100", "200"] { complain("it was told the answers \(answers)", run) }
        if let silence = known.told["silence"], silence != "-1" { complain("it heard \(silence)", run) }
    }

    /// Whatever the run was told it had done is undone, the newest first, and nothing else.
    private mutating func expectUndone(_ run: RunID, _ known: Known) {
        let undoable = ["reserve", "charge", "ask"]
        let done = known.effects.filter { undoable.contains($0) && known.told[$0] != nil }
        let undone = known.effects.filter { $0.hasPrefix("undo:") }
        if undone != done.reversed().map({ "undo:\($0)" }) {
            complain("it had done \(done) and undid \(undone)", run)
        }
    }
}
