internal import ArgumentParser
internal import Basics
internal import DetectionPipeline
internal import JSONSchema
internal import ObjectDetection

/// Format of the results.
package enum ResultFormat: String, CaseIterable, ExpressibleByArgument {
    case text
    case jsonl
    case json
    case csv
    case coco
    case yolo
    case mot

    /// The file extension of this format; nil if it is not a single file.
    var fileEnding: String? {
        switch self {
        case .jsonl: "jsonl"
        case .json: "json"
        case .csv: "csv"
        case .coco: "coco.json"
        case .text, .yolo, .mot: nil
        }
    }
}

/// Formats detections picture by picture.
package struct ResultWriter {
    private let format: ResultFormat
    private let labels: [String]
    private let hasVideos: Bool
    private var pictureCount = 0
    private var annotationCount = 0
    private var lastSummary: (file: String, text: String)?
    /// COCO's list of pictures, which is written after the list of objects.
    private var images = JSONWriter()

    /// - Parameters:
    ///   - format: The format.
    ///   - labels: Class names by id.
    ///   - hasVideos: Whether there are pictures of videos.
    package init(_ format: ResultFormat, labels: [String], hasVideos: Bool = false) {
        self.format = format
        self.labels = labels
        self.hasVideos = hasVideos
    }

    /// The text before the first picture.
    package func beginning() -> [UInt8] {
        switch format {
        case .json: Array("[".utf8)
        case .csv:
            Array("file,class_id,class,score,x,y,width,height\(hasVideos ? ",frame,time,track" : "")\r\n".utf8)
        case .coco: Array("{\"annotations\":[".utf8)
        case .text, .jsonl, .yolo, .mot: []
        }
    }

    /// The text of one picture.
    package mutating func add(_ record: PictureRecord) throws -> [UInt8] {
        pictureCount += 1
        switch format {
        case .text: return addText(record)
        case .jsonl: return try record.json() + [UInt8(ascii: "\n")]
        case .json: return try Array(pictureCount == 1 ? "\n".utf8 : ",\n".utf8) + record.json()
        case .csv: return record.objects.flatMap { row(of: $0, in: record) }
        case .coco: return try addCOCO(record)
        case .yolo: return Self.yoloLabels(of: record)
        case .mot: return Self.motRows(of: record)
        }
    }

    /// A line for a picture; for a video, only when something has changed.
    private mutating func addText(_ record: PictureRecord) -> [UInt8] {
        let summary = Self.summary(of: record.objects)
        guard let time = record.time else {
            lastSummary = nil
            return Array("\(record.file.printable()): \(summary)\n".utf8)
        }
        let known = (record.file, summary)
        guard lastSummary.map({ $0 != known }) ?? true else { return [] }
        lastSummary = known
        return Array("\(record.file.printable()) \(Self.clock(time)): \(summary)\n".utf8)
    }

    /// Minutes, seconds and hundredths: `1:02.50`.
    private static func clock(_ seconds: Double) -> String {
        let hundredths = Int((max(0, min(seconds, 1e9)) * 100).rounded())
        func padded(_ number: Int) -> String { "\(number < 10 ? "0" : "")\(number)" }
        return "\(hundredths / 6000):\(padded(hundredths / 100 % 60)).\(padded(hundredths % 100))"
    }

    /// The text after the last picture.
    package func end() -> [UInt8] {
        switch format {
        case .json: return Array("\n]\n".utf8)
        case .coco:
            var categories = JSONWriter()
            for (index, label) in labels.enumerated() {
                categories.object { json in
                    json.key("id")
                    json.number(index + 1)
                    json.key("name")
                    json.string(label)
                }
            }
            return Array("\n],\"categories\":[".utf8) + categories.bytes + Array("],\"images\":[".utf8) + images.bytes
                + Array("]}\n".utf8)
        case .text, .jsonl, .csv, .yolo, .mot: return []
        }
    }

    /// The number of objects per class, most frequent first.
    private static func summary(of objects: [DetectedObject]) -> String {
        let counts = Dictionary(objects.map { ($0.className, 1) }, uniquingKeysWith: +)
        guard !counts.isEmpty else { return "nothing" }
        return counts.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map { "\($0.value) \($0.key)" }
            .joined(separator: ", ")
    }

    /// A row of CSV (RFC 4180).
    private func row(of object: DetectedObject, in record: PictureRecord) -> [UInt8] {
        let numbers = [object.score] + object.box.origin + object.box.size
        var fields = [Self.quoted(record.file), "\(object.classID)", Self.quoted(object.className)]
        fields += numbers.map { "\($0)" }
        if hasVideos {
            fields += [record.frame.map { "\($0)" }, record.time.map { "\($0)" }, object.track.map { "\($0)" }]
                .map { $0 ?? "" }
        }
        return Array("\(fields.joined(separator: ","))\r\n".utf8)
    }

    private static func quoted(_ text: String) -> String {
        // Unicode scalars, because a comma followed by a combining mark is a different character.
        let scalars = text.unicodeScalars
        guard scalars.contains(where: { "\",\r\n".unicodeScalars.contains($0) }) else { return text }
        return "\"\(scalars.reduce(into: "") { $0.unicodeScalars += $1 == "\"" ? [$1, $1] : [$1] })\""
    }

    /// The rows of MOTChallenge's results: picture and object from 1, left, top, width, height, score, and three
    /// numbers that are not used.
    ///
    /// - SeeAlso: MOTChallenge, "Evaluation of Multiple Object Tracking", https://motchallenge.net/instructions
    package static func motRows(of record: PictureRecord) -> [UInt8] {
        record.objects.flatMap { object -> [UInt8] in
            guard let track = object.track, let frame = record.frame else { return [] }
            let numbers = object.box.origin + object.box.size + [object.score]
            let fields = ["\(frame + 1)", "\(track)"] + numbers.map { "\($0)" } + ["-1", "-1", "-1"]
            return Array("\(fields.joined(separator: ","))\n".utf8)
        }
    }

    /// One line per object: class id, centre and size as fractions of the picture's sides; in a video, its number, too.
    package static func yoloLabels(of record: PictureRecord) -> [UInt8] {
        let (width, height) = (Double(record.width), Double(record.height))
        return record.objects.flatMap { object in
            let (origin, size) = (object.box.origin, object.box.size)
            let values = [
                (origin[0] + size[0] / 2) / width, (origin[1] + size[1] / 2) / height, size[0] / width,
                size[1] / height,
            ]
            let texts = values.map { "\(($0 * 1e6).rounded() / 1e6)" }
            let fields = ["\(object.classID)"] + texts + (object.track.map { ["\($0)"] } ?? [])
            return Array("\(fields.joined(separator: " "))\n".utf8)
        }
    }

    private mutating func addCOCO(_ record: PictureRecord) throws -> [UInt8] {
        let id = pictureCount
        images.object { json in
            json.key("file_name")
            json.string(record.file)
            if let frame = record.frame {
                json.key("frame_index")
                json.number(frame)
            }
            json.key("height")
            json.number(record.height)
            json.key("id")
            json.number(id)
            json.key("width")
            json.number(record.width)
        }
        return try record.objects.flatMap { object in
            annotationCount += 1
            var writer = JSONWriter()
            try object.writeAnnotation(to: &writer, id: annotationCount, imageID: id)
            return Array(annotationCount == 1 ? "\n".utf8 : ",\n".utf8) + writer.bytes
        }
    }
}

extension DetectedObject {
    /// Writes an annotation in COCO's format, with a score as in COCO's results format.
    fileprivate func writeAnnotation(to json: inout JSONWriter, id: Int, imageID: Int) throws {
        try json.object { json in
            json.key("area")
            json.number(area)
            json.key("bbox")
            json.array(box.origin + box.size)
            json.key("category_id")
            json.number(classID + 1)
            json.key("id")
            json.number(id)
            json.key("image_id")
            json.number(imageID)
            json.key("iscrowd")
            json.number(0)
            json.key("score")
            json.number(score)
            json.key("segmentation")
            if let rle = segmentation?.rle {
                try rle.write(to: &json)
            } else {
                json.array { json in
                    for polygon in segmentation?.polygons ?? [] { json.array(polygon) }
                }
            }
            if let track {
                json.key("track_id")
                json.number(track)
            }
        }
    }

    /// Area of the mask in pixels, or of the box if there is no mask.
    private var area: Double {
        if let rle = segmentation?.rle,
            let mask = RunLengthMask(width: rle.size[1], height: rle.size[0], compressedCounts: rle.counts)
        {
            return Double(mask.area)
        }
        guard let polygons = segmentation?.polygons else { return box.size[0] * box.size[1] }
        let sum = polygons.reduce(0) { sum, polygon in
            sum
                + stride(from: 0, to: polygon.count, by: 2).reduce(0) { part, index in
                    let next = (index + 2) % polygon.count
                    return part + polygon[index] * polygon[next + 1] - polygon[next] * polygon[index + 1]
                }
        }
        return abs(sum) / 2
    }
}
