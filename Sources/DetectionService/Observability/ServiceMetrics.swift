internal import CoreMetrics

/// The names of what the service measures.
enum ServiceMetrics {
    static let requests = "osprey_http_requests_total"
    static let requestSeconds = "osprey_http_request_seconds"
    static let stageSeconds = "osprey_stage_seconds"
    static let inFlight = "osprey_http_requests_in_flight"
    static let queueDepth = "osprey_queue_depth"
    static let queueRunning = "osprey_queue_running"
    static let queueSlots = "osprey_queue_slots"
    static let queueCapacity = "osprey_queue_capacity"
    static let detections = "osprey_detections_total"
    static let pictures = "osprey_pictures_total"
    static let modelInfo = "osprey_model_info"
    static let residentBytes = "process_resident_memory_bytes"
    static let cpuSeconds = "process_cpu_seconds_total"
    static let openFiles = "process_open_fds"
    static let storeUp = "osprey_store_up"
    static let cpuCores = "osprey_cpu_cores"
    static let cpuProcessors = "osprey_cpu_processors"
    static let cpuQuota = "osprey_cpu_quota_cores"
    static let modelStreams = "osprey_model_streams"

    static let descriptions = [
        requests: "Requests answered, by route and status.",
        requestSeconds: "Time from a request's head to its answer, in seconds.",
        stageSeconds: "Time of a request's stages, in seconds.",
        inFlight: "Requests being worked on.",
        queueDepth: "Requests waiting for a slot.",
        queueRunning: "Slots in use.",
        queueSlots: "Slots there are.",
        queueCapacity: "Requests that may wait.",
        detections: "Objects found, by model.",
        pictures: "Pictures looked at, by model.",
        modelInfo: "What each model is; always 1.",
        residentBytes: "Resident memory in bytes.",
        cpuSeconds: "CPU time used, in seconds.",
        openFiles: "Open file descriptors.",
        cpuCores: "Cores that the service plans for.",
        cpuProcessors: "Processors that it may run on, hyper-threads included.",
        cpuQuota: "Cores' worth of time that its control group grants; absent without a quota.",
        modelStreams: "Pictures in a model's network at the same time.",
        storeUp: "1 where the store can be used, 0 where it cannot.",
    ]
}
