internal import CoreMetrics

/// Names and descriptions of the service's metrics.
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
    static let decoderFailures = "osprey_decoder_failures_total"
    static let storeUp = "osprey_store_up"
    static let cpuCores = "osprey_cpu_cores"
    static let cpuProcessors = "osprey_cpu_processors"
    static let cpuQuota = "osprey_cpu_quota_cores"
    static let streamUp = "osprey_stream_up"
    static let streamFramesIn = "osprey_stream_frames_in_total"
    static let streamFrames = "osprey_stream_frames_total"
    static let streamLag = "osprey_stream_lag_seconds"
    static let streamFailures = "osprey_stream_failures_total"
    static let streamObjects = "osprey_stream_objects"
    static let streamEvents = "osprey_stream_events_total"
    static let ofStreams = [
        streamUp, streamFramesIn, streamFrames, streamLag, streamFailures, streamObjects, streamEvents,
    ]
    static let subscriptionUp = "osprey_subscription_up"
    static let subscriptionEvents = "osprey_subscription_events_total"
    static let subscriptionFailures = "osprey_subscription_failures_total"
    static let subscriptionGaps = "osprey_subscription_gaps_total"
    static let ofSubscriptions = [subscriptionUp, subscriptionEvents, subscriptionFailures, subscriptionGaps]
    static let modelStreams = "osprey_model_streams"

    static let descriptions = [
        requests: "Completed requests, by route, method and status.",
        requestSeconds: "Time from a request's head to its response, in seconds.",
        stageSeconds: "Time per stage of a request, in seconds.",
        inFlight: "Requests in progress.",
        queueDepth: "Requests waiting for a slot.",
        queueRunning: "Slots in use.",
        queueSlots: "Number of slots.",
        queueCapacity: "Maximum number of waiting requests.",
        detections: "Detected objects, by model.",
        pictures: "Pictures processed for detection, by model.",
        modelInfo: "Task and precision of each model, as labels; always 1.",
        residentBytes: "Resident memory in bytes.",
        cpuSeconds: "CPU time used, in seconds.",
        openFiles: "Open file descriptors.",
        cpuCores: "Cores that the service plans for.",
        cpuProcessors: "Processors that the process may run on, hyper-threads included.",
        cpuQuota: "CPU time granted by the control group, in cores; absent without a quota.",
        modelStreams: "Pictures that a model's network processes at the same time.",
        streamUp: "1 if the stream sends pictures, 0 if not.",
        streamFramesIn: "Pictures of a stream that were read.",
        streamFrames: "Pictures of a stream that were looked at (inferred), skipped (gated) or dropped.",
        streamLag: "Seconds from the arrival of a stream's last picture to its result.",
        streamFailures: "How often a stream failed.",
        streamObjects: "Objects that are in a stream's picture now.",
        streamEvents: "Events of a stream.",
        subscriptionUp: "1 if the receiver of events can be reached, 0 if not.",
        subscriptionEvents: "Events that were sent, that the receiver rejected, or that were too old, by outcome.",
        subscriptionFailures: "How often sending events failed.",
        subscriptionGaps: "How often events were lost: removed before they were sent, or damaged.",
        decoderFailures: "Decoder processes that a picture ended, stalled or garbled, by reason.",
        storeUp: "1 if the store is usable, 0 if not.",
    ]
}
