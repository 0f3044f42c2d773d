internal import Glibc

/// Jobs that wait for the thread.
///
/// `@unchecked Sendable`: every stored property is read and written with `mutex` held, except the pointers,
/// which never change, and `owner`, which the thread writes before it runs its first job and nobody writes
/// again.
final class JobQueue: @unchecked Sendable {
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    private var waiting: [UnownedJob] = []
    private var isAsleep = false
    private var isClosed = false
    private var owner: pthread_t?

    init() {
        pthread_mutex_init(mutex, nil)
        pthread_cond_init(condition, nil)
    }

    deinit {
        pthread_cond_destroy(condition)
        pthread_mutex_destroy(mutex)
        condition.deallocate()
        mutex.deallocate()
    }

    var isOwnedByCurrentThread: Bool { owner.map { pthread_equal($0, pthread_self()) != 0 } ?? false }

    func adoptCurrentThread() { owner = pthread_self() }

    func append(_ job: UnownedJob) {
        pthread_mutex_lock(mutex)
        waiting.append(job)
        let mustWake = isAsleep
        isAsleep = false
        pthread_mutex_unlock(mutex)
        // After the unlock, so that the thread does not wake up only to wait for the mutex.
        if mustWake { pthread_cond_signal(condition) }
    }

    func close() {
        pthread_mutex_lock(mutex)
        isClosed = true
        isAsleep = false
        pthread_mutex_unlock(mutex)
        pthread_cond_signal(condition)
    }

    /// Waits for jobs and takes all of them, in order. False when the queue is closed and empty.
    func takeAll(into jobs: inout [UnownedJob]) -> Bool {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        while waiting.isEmpty {
            if isClosed { return false }
            isAsleep = true
            pthread_cond_wait(condition, mutex)
        }
        // A swap hands the emptied array back as the next queue, with its storage.
        swap(&waiting, &jobs)
        return true
    }
}
