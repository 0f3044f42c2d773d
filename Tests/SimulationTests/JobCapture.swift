// The one place that touches the runtime: `swift_task_enqueueGlobal_hook`, a variable that the concurrency
// library exports for this purpose. The hook asks the current thread whose jobs it carries; every other
// thread of the process goes on as before.

import Foundation

enum JobCapture {
    private typealias Original = @convention(thin) (UnownedJob) -> Void
    private typealias Hook = @convention(thin) (UnownedJob, Original) -> Void

    private static let key: pthread_key_t = {
        var key = pthread_key_t()
        precondition(pthread_key_create(&key, nil) == 0, "a process has keys for its threads")
        return key
    }()

    private static let isInstalled: Bool = {
        guard let symbol = dlsym(nil, "swift_task_enqueueGlobal_hook") else { return false }
        symbol.assumingMemoryBound(to: Hook?.self).pointee = { job, original in
            if let loop = JobCapture.current { loop.enqueue(job) } else { original(job) }
        }
        return true
    }()

    private static var current: SimulationLoop? {
        pthread_getspecific(key).map { Unmanaged<SimulationLoop>.fromOpaque($0).takeUnretainedValue() }
    }

    /// From here on this thread's jobs are those of `loop`, which must outlive the matching `end`.
    static func begin(_ loop: SimulationLoop) {
        precondition(isInstalled, "the Swift runtime no longer lets a process take over its jobs")
        pthread_setspecific(key, Unmanaged.passUnretained(loop).toOpaque())
    }

    static func end() { pthread_setspecific(key, nil) }
}
