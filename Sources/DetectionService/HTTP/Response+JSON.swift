internal import HTTPTypes
internal import Hummingbird
internal import JSONSchema
internal import NIOCore

extension Response {
    static func json(_ value: some JSONRepresentable, status: HTTPResponse.Status = .ok) throws -> Response {
        json(try value.json(), status: status)
    }

    static func json(_ bytes: [UInt8], status: HTTPResponse.Status = .ok) -> Response {
        Response(
            status: status,
            headers: [.contentType: "application/json"],
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: bytes))
        )
    }
}
