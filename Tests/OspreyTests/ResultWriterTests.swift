import DetectionPipeline
import Foundation
import Testing
import osprey

@Suite struct ResultWriterTests {
    private static let labels = ["cat", "dog, \"big\""]

    private static func record(_ file: String, _ objects: String = "") throws -> PictureRecord {
        try PictureRecord(
            json: Array(#"{"file":"\#(file)","height":100,"model":"m","payload":[\#(objects)],"width":200}"#.utf8)
        )
    }

    private static let cat =
        #"{"bbox":{"origin":[10,20],"size":[50,40]},"class":"cat","class_id":0,"score":0.9}"#
    private static let dog = #"""
        {"bbox":{"origin":[0,0],"size":[4,2]},"class":"dog, \"big\"","class_id":1,"score":0.5,
        "segmentation":{"polygons":[[0,0,4,0,4,2,0,2]]}}
        """#

    private static func text(_ format: ResultFormat, _ records: [PictureRecord]) throws -> String {
        var writer = ResultWriter(format, labels: labels)
        var bytes = writer.beginning()
        for record in records { bytes += try writer.add(record) }
        return String(decoding: bytes + writer.end(), as: UTF8.self)
    }

    @Test(
        "text, CSV and YOLO formats",
        arguments: [
            (.text, "a.jpg: 1 cat, 1 dog, \"big\"\nb.jpg: nothing\n"),
            // RFC 4180: fields with commas or quotes are quoted, and quotes are doubled.
            (
                .csv,
                "file,class_id,class,score,x,y,width,height\r\na.jpg,0,cat,0.9,10.0,20.0,50.0,40.0\r\n"
                    + "a.jpg,1,\"dog, \"\"big\"\"\",0.5,0.0,0.0,4.0,2.0\r\n"
            ),
            // Class, centre and size as fractions of 200 x 100 pixels.
            (.yolo, "0 0.175 0.4 0.25 0.4\n1 0.01 0.01 0.02 0.02\n"),
        ] as [(ResultFormat, String)]
    )
    func formats(format: ResultFormat, expected: String) throws {
        let records = [try Self.record("a.jpg", "\(Self.cat),\(Self.dog)"), try Self.record("b.jpg")]
        #expect(try Self.text(format, records) == expected)
    }

    private static let cat1 = String(cat.dropLast()) + #","track":1}"#
    private static let frames = """
        {"file":"a.mp4","frame":0,"height":100,"model":"m","payload":[],"time":0,"width":200}
        {"file":"a.mp4","frame":2,"height":100,"model":"m","payload":[\(cat1)],"time":61.5,"width":200}
        {"file":"a.mp4","frame":4,"height":100,"model":"m","payload":[\(cat)],"time":61.58,"width":200}
        """

    @Test(
        "in a video, objects have the time and number of their picture, and their own number",
        arguments: [
            (.text, "a.mp4 0:00.00: nothing\na.mp4 1:01.50: 1 cat\n"),
            (
                .csv,
                "file,class_id,class,score,x,y,width,height,frame,time,track\r\n"
                    + "a.mp4,0,cat,0.9,10.0,20.0,50.0,40.0,2,61.5,1\r\n"
                    + "a.mp4,0,cat,0.9,10.0,20.0,50.0,40.0,4,61.58,\r\n"
            ),
            (.yolo, "0 0.175 0.4 0.25 0.4 1\n0 0.175 0.4 0.25 0.4\n"),
            // MOTChallenge counts pictures from 1.
            (.mot, "3,1,10.0,20.0,50.0,40.0,0.9,-1,-1,-1\n"),
        ] as [(ResultFormat, String)]
    )
    func videos(format: ResultFormat, expected: String) throws {
        let records = try Self.frames.split(separator: "\n").map { try PictureRecord(json: $0.utf8) }
        var writer = ResultWriter(format, labels: Self.labels, hasVideos: true)
        var bytes = writer.beginning()
        for record in records { bytes += try writer.add(record) }
        #expect(String(decoding: bytes + writer.end(), as: UTF8.self) == expected)
    }

    @Test("JSON formats are valid JSON", arguments: [ResultFormat.json, .jsonl])
    func json(format: ResultFormat) throws {
        let text = try Self.text(format, [Self.record("a.jpg", Self.cat), Self.record("b.jpg")])
        let documents = format == .json ? [text] : text.split(separator: "\n").map(String.init)
        let values = try documents.map { try JSONSerialization.jsonObject(with: Data($0.utf8)) }
        let items = (format == .json ? values.first as? [[String: Any]] : values as? [[String: Any]]) ?? []
        #expect(items.map { $0["file"] as? String } == ["a.jpg", "b.jpg"])
        #expect((items.first?["payload"] as? [Any])?.count == 1)
    }

    @Test("in COCO's format, ids start at 1, and objects have areas")
    func coco() throws {
        let text = try Self.text(.coco, [Self.record("a.jpg", "\(Self.cat),\(Self.dog)"), Self.record("b.jpg")])
        let file = try #require(JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: [[String: Any]]])
        #expect(file["images"]?.map { $0["id"] as? Int } == [1, 2])
        #expect(file["categories"]?.map { $0["id"] as? Int } == [1, 2])
        #expect(file["annotations"]?.map { $0["id"] as? Int } == [1, 2])
        #expect(file["annotations"]?.map { $0["category_id"] as? Int } == [1, 2])
        // The area of the box, and of the polygon by the shoelace formula.
        #expect(file["annotations"]?.map { $0["area"] as? Double } == [2000, 8])
    }

    @Test(
        "lines that are not records are errors",
        arguments: [
            "", "{}", #"{"file":"a","height":0,"model":"m","payload":[],"width":1}"#,
            #"{"file":"a","height":1,"model":"m","payload":[{"bbox":{"origin":[1],"size":[1,1]},"class":"c","class_id":0,"score":1}],"width":1}"#,
        ]
    )
    func malformed(line: String) {
        #expect(throws: (any Error).self) { try PictureRecord(json: Array(line.utf8)) }
    }
}
