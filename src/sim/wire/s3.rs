//! What only S3's wire has: buckets in host names, bodies in signed chunks with trailers, roots and errors of its own kind.
//!
//! Source: S3 API reference, "Virtual hosting of buckets", "Signature calculations: transferring payload in multiple chunks".

use bytes::Bytes;
use http::header::{CONTENT_ENCODING, HOST};
use http::{HeaderName, HeaderValue, Uri};

use super::fault::Fault;
use super::protocol::{Request, Response, reply, set};
use super::scalar::Malformed;
use super::xml::Element;
use crate::sim::model::{Model, Operation};

/// The name that S3 signs with.
pub const SIGNING_NAME: &str = "s3";

/// Is this S3's model?
pub(super) fn is_s3(model: &Model) -> bool {
    model.metadata.service_id == "S3"
}

/// The request as if it were in path style and in one piece.
///
/// # Errors
/// The chunks are broken.
pub(super) fn plain(mut request: Request) -> Result<Request, Malformed> {
    if let Some(bucket) = bucket_of_host(&request) {
        let query = request.uri().query().map(|query| format!("?{query}")).unwrap_or_default();
        let path = format!("/{bucket}{}{query}", request.uri().path());
        if let Ok(uri) = path.parse::<Uri>() {
            *request.uri_mut() = uri;
        }
    }
    let encoding = request.headers().get(CONTENT_ENCODING).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
    let sha = request.headers().get("x-amz-content-sha256").and_then(|value| value.to_str().ok()).unwrap_or_default();
    let parts: Vec<&str> = encoding.split(',').map(str::trim).filter(|part| !part.is_empty()).collect();
    if parts.contains(&"aws-chunked") || sha.starts_with("STREAMING-") {
        let (body, trailers) = unchunk(request.body())?;
        *request.body_mut() = body;
        for (name, value) in trailers {
            if let (Ok(name), Ok(value)) = (HeaderName::from_bytes(name.as_bytes()), HeaderValue::from_str(&value)) {
                request.headers_mut().insert(name, value);
            }
        }
    }
    let rest: Vec<&str> = parts.into_iter().filter(|part| *part != "aws-chunked").collect();
    request.headers_mut().remove(CONTENT_ENCODING);
    // What stays is how the object itself is encoded: it is kept with it, and the body is not unpacked.
    if let Ok(value) = HeaderValue::from_str(&rest.join(",")).map_err(drop)
        && !rest.is_empty()
    {
        request.headers_mut().insert(CONTENT_ENCODING, value);
    }
    Ok(request)
}

fn bucket_of_host(request: &Request) -> Option<String> {
    let host = request.headers().get(HOST)?.to_str().ok()?;
    let host = host.rsplit_once(':').map_or(host, |(host, _)| host);
    let before = host.strip_suffix(".localhost").or_else(|| {
        let amazon = host.strip_suffix(".amazonaws.com").or_else(|| host.strip_suffix(".amazonaws.com.cn"))?;
        // `bucket.s3.region`, `bucket.s3` or `bucket.s3-region`.
        let at = amazon.rfind(".s3").filter(|at| amazon[at + 3..].is_empty() || amazon[at + 3..].starts_with(['.', '-']))?;
        Some(&amazon[..at])
    })?;
    let bucket = before.split(".s3").next().unwrap_or(before);
    (!bucket.is_empty() && bucket != "s3" && !bucket.starts_with("s3.")).then(|| bucket.to_owned())
}

/// The content of a body in chunks, and what comes after it.
fn unchunk(body: &Bytes) -> Result<(Bytes, Vec<(String, String)>), Malformed> {
    let broken = || Malformed::new("The request body is not in well-formed chunks");
    let line = |from: usize| -> Option<(&str, usize)> {
        let end = body[from..].windows(2).position(|pair| pair == b"\r\n")?;
        Some((std::str::from_utf8(&body[from..from + end]).ok()?, from + end + 2))
    };
    let mut content = Vec::with_capacity(body.len());
    let mut at = 0;
    loop {
        let (head, start) = line(at).ok_or_else(broken)?;
        let size = head.split(';').next().unwrap_or_default();
        let size = usize::from_str_radix(size.trim(), 16).map_err(|_| broken())?;
        if size == 0 {
            at = start;
            break;
        }
        let end = start.checked_add(size).filter(|end| *end <= body.len()).ok_or_else(broken)?;
        content.extend_from_slice(&body[start..end]);
        if !body[end..].starts_with(b"\r\n") {
            return Err(broken());
        }
        at = end + 2;
    }
    let mut trailers = Vec::new();
    while let Some((head, next)) = line(at) {
        if let Some((name, value)) = head.split_once(':') {
            trailers.push((name.trim().to_ascii_lowercase(), value.trim().to_owned()));
        }
        at = next;
    }
    Ok((content.into(), trailers))
}

/// Parts of a query string that ask for something else than the plain operation on a bucket or object.
const SUBRESOURCES: [&str; 38] = [
    "abac",
    "accelerate",
    "acl",
    "analytics",
    "annotation",
    "attributes",
    "cors",
    "delete",
    "encryption",
    "intelligent-tiering",
    "inventory",
    "legal-hold",
    "lifecycle",
    "location",
    "logging",
    "metadataConfiguration",
    "metadataInventoryTable",
    "metadataJournalTable",
    "metadataTable",
    "metrics",
    "notification",
    "object-lock",
    "ownershipControls",
    "partNumber",
    "policy",
    "policyStatus",
    "publicAccessBlock",
    "renameObject",
    "replication",
    "requestPayment",
    "restore",
    "retention",
    "select",
    "session",
    "tagging",
    "torrent",
    "versioning",
    "website",
];

/// Does the query string ask for a part that the operation does not have?
pub(super) fn asks_for_more(operation: &Operation, query: &[(String, String)]) -> bool {
    let wanted = operation.http.request_uri.split_once('?').map_or("", |(_, query)| query);
    let has = |name: &str| wanted.split('&').any(|literal| literal.split('=').next() == Some(name));
    let part = matches!(operation.name.as_str(), "UploadPart" | "UploadPartCopy" | "GetObject" | "HeadObject");
    query.iter().any(|(name, _)| SUBRESOURCES.contains(&name.as_str()) && !has(name) && !(part && name == "partNumber"))
}

/// The root elements that S3 has where they are not the names of the shapes.
///
/// Source: the trait `xmlName` of S3's Smithy model, which the botocore model has lost.
const ROOTS: [(&str, &str); 17] = [
    ("CompleteMultipartUpload", "CompleteMultipartUploadResult"),
    ("CreateMultipartUpload", "InitiateMultipartUploadResult"),
    ("DeleteObjects", "DeleteResult"),
    ("GetBucketCors", "CORSConfiguration"),
    ("GetBucketLifecycleConfiguration", "LifecycleConfiguration"),
    ("GetBucketTagging", "Tagging"),
    ("GetBucketVersioning", "VersioningConfiguration"),
    ("GetObjectAttributes", "GetObjectAttributesResponse"),
    ("GetObjectTagging", "Tagging"),
    ("ListBuckets", "ListAllMyBucketsResult"),
    ("ListMultipartUploads", "ListMultipartUploadsResult"),
    ("ListObjectVersions", "ListVersionsResult"),
    ("ListObjects", "ListBucketResult"),
    ("ListObjectsV2", "ListBucketResult"),
    ("ListParts", "ListPartsResult"),
    ("GetBucketAcl", "AccessControlPolicy"),
    ("GetObjectAcl", "AccessControlPolicy"),
];

/// The name of the root of an answer.
pub(super) fn root<'a>(operation: &str, shape: &'a str) -> &'a str {
    ROOTS.iter().find(|(name, _)| *name == operation).map_or(shape, |(_, root)| root)
}

/// Tells an error: its root is the error itself, and what a client did not ask a body for has none.
pub(super) fn refuse(fault: &Fault<'_>, request_id: &str) -> Response {
    let mut error = Element::new("Error")
        .child(Element::new("Code").text(fault.code.as_str()))
        .child(Element::new("Message").text(fault.message.as_str()));
    for (name, value) in &fault.members {
        error.children.push(Element::new(name.as_str()).text(crate::sim::estate::plain(value)));
    }
    let error = error.child(Element::new("RequestId").text(request_id)).child(Element::new("HostId").text("simulated"));
    let body = if fault.status == 304 { String::new() } else { error.document() };
    let mut response = reply(fault.status, "application/xml", body);
    set(&mut response, "x-amz-request-id", request_id);
    let member = |name: &str| fault.members.get(name).and_then(serde_json::Value::as_str);
    if let Some(etag) = member("ETag") {
        set(&mut response, "etag", etag);
    }
    if let (Some(id), "NoSuchKey") = (member("VersionId"), fault.code.as_str()) {
        set(&mut response, "x-amz-delete-marker", "true");
        set(&mut response, "x-amz-version-id", id);
    }
    // By this clients that went to the wrong Region find the right one.
    if let Some(region) = fault.members.get("Region").and_then(serde_json::Value::as_str) {
        set(&mut response, "x-amz-bucket-region", region);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(host: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Request {
        let mut builder = http::Request::put(path).header(HOST, host);
        for (name, value) in headers {
            builder = builder.header(*name, *value);
        }
        builder.body(Bytes::copy_from_slice(body.as_bytes())).unwrap()
    }

    #[test]
    fn a_bucket_in_the_host_name_becomes_one_in_the_path() {
        for (host, path) in [
            ("shop.localhost:4566", "/shop/a/b?x=1"),
            ("shop.s3.localhost", "/shop/a/b?x=1"),
            ("localhost:4566", "/a/b?x=1"),
            ("127.0.0.1:80", "/a/b?x=1"),
            ("s3.localhost", "/a/b?x=1"),
            ("my.shop.s3.eu-west-1.amazonaws.com", "/my.shop/a/b?x=1"),
            ("s3.eu-west-1.amazonaws.com", "/a/b?x=1"),
        ] {
            let plain = plain(request(host, "/a/b?x=1", &[], "")).unwrap();
            assert_eq!(plain.uri().path_and_query().unwrap().as_str(), path, "{host}");
        }
    }

    #[test]
    fn chunks_become_one_body_and_trailers_headers() {
        let body = "5;chunk-signature=00\r\nhello\r\n6\r\n world\r\n0\r\nx-amz-checksum-crc32:DUoRhQ==\r\n\r\n";
        let plain = plain(request("h", "/b/k", &[("content-encoding", "aws-chunked,gzip")], body)).unwrap();
        assert_eq!(plain.body().as_ref(), b"hello world");
        assert_eq!(plain.headers()["x-amz-checksum-crc32"], "DUoRhQ==");
        assert_eq!(plain.headers()[CONTENT_ENCODING], "gzip");
        for broken in ["", "5\r\nhel", "z\r\n", "5\r\nhelloXX0\r\n\r\n", "ffffffffffffffff\r\na\r\n"] {
            assert!(super::plain(request("h", "/b/k", &[("content-encoding", "aws-chunked")], broken)).is_err(), "{broken:?}");
        }
    }
}
