//! Compresses requests, and decompresses answers up to the limit of their size.
//!
//! Level 1 of either: on batches of HTTP spans gzip then makes 3.5 of 1 for 0.7 µs a span, and level 6 3.9 of 1 for
//! 4.5 µs, which is many times the rest of the export. Zstandard needs the cargo feature `zstd`.
//!
//! Source: OTLP specification 1.11, "OTLP/HTTP Request"; RFC 9110, 8.4.1; RFC 8878.

use std::io::Read;
use std::sync::{Mutex, PoisonError};

use bytes::Bytes;
use flate2::{Compress, FlushCompress};
use http::HeaderValue;

use super::transport::{AnswerBody, RESPONSE_LIMIT_BYTES};
use crate::config::Compression;

const LEVEL: u32 = 1;

/// Compresses request after request, and keeps its memory between them (gzip: 0.3 MB).
pub(super) struct Compressor(Kind);

enum Kind {
    None,
    Gzip(Mutex<Compress>),
    #[cfg(feature = "zstd")]
    Zstd(Mutex<zstd::bulk::Compressor<'static>>),
}

impl Compressor {
    /// `Err` says why there is no such compressor.
    pub(super) fn new(compression: Compression) -> Result<Compressor, String> {
        Ok(Compressor(match compression {
            Compression::None => Kind::None,
            Compression::Gzip => {
                let level = flate2::Compression::new(LEVEL);
                Kind::Gzip(Mutex::new(Compress::new_gzip(level, 15)))
            }
            #[cfg(feature = "zstd")]
            Compression::Zstd => zstd::bulk::Compressor::new(LEVEL as i32)
                .map(|compressor| Kind::Zstd(Mutex::new(compressor)))
                .map_err(|error| format!("zstd cannot be used: {error}"))?,
            #[cfg(not(feature = "zstd"))]
            Compression::Zstd => {
                return Err("this build of polyspan has no zstd; use gzip".to_owned());
            }
        }))
    }

    /// The name in `content-encoding` and `grpc-encoding`, if there is any compression.
    pub(super) fn encoding(&self) -> Option<HeaderValue> {
        match self.0 {
            Kind::None => None,
            Kind::Gzip(_) => Some(HeaderValue::from_static("gzip")),
            #[cfg(feature = "zstd")]
            Kind::Zstd(_) => Some(HeaderValue::from_static("zstd")),
        }
    }

    /// The compressed form of `body`. `Err` says why there is none; that does not get better by trying again.
    pub(super) fn compress(&self, body: Bytes) -> Result<Bytes, String> {
        match &self.0 {
            Kind::None => Ok(body),
            Kind::Gzip(gzip) => {
                let mut gzip = gzip.lock().unwrap_or_else(PoisonError::into_inner);
                deflate(&mut gzip, &body).map_err(|error| format!("gzip failed: {error}"))
            }
            #[cfg(feature = "zstd")]
            Kind::Zstd(zstd) => {
                let mut zstd = zstd.lock().unwrap_or_else(PoisonError::into_inner);
                let compressed = zstd.compress(&body);
                compressed
                    .map(Bytes::from)
                    .map_err(|error| format!("zstd failed: {error}"))
            }
        }
    }
}

fn deflate(gzip: &mut Compress, body: &[u8]) -> Result<Bytes, flate2::CompressError> {
    gzip.reset();
    let mut compressed = Vec::with_capacity(body.len() / 3 + 128);
    loop {
        let read = gzip.total_in() as usize;
        let rest = body.get(read..).unwrap_or_default();
        let status = gzip.compress_vec(rest, &mut compressed, FlushCompress::Finish)?;
        if status == flate2::Status::StreamEnd {
            return Ok(Bytes::from(compressed));
        }
        compressed.reserve(compressed.capacity());
    }
}

/// An answer's body as it was before the server compressed it. It is not asked to, but some proxies do, and gRPC servers in
/// Go answer in the way in which they were asked.
pub(super) fn decompressed(body: AnswerBody, encoding: Option<&HeaderValue>) -> AnswerBody {
    let encoding = encoding.map_or(&b""[..], HeaderValue::as_bytes);
    match body {
        AnswerBody::Whole(body) if encoding.eq_ignore_ascii_case(b"gzip") => {
            bounded(flate2::read::MultiGzDecoder::new(&body[..]))
        }
        #[cfg(feature = "zstd")]
        AnswerBody::Whole(body) if encoding.eq_ignore_ascii_case(b"zstd") => {
            match zstd_decoder(&body) {
                Ok(decoder) => bounded(decoder),
                Err(error) => garbled(&error),
            }
        }
        AnswerBody::Whole(body)
            if encoding.is_empty() || encoding.eq_ignore_ascii_case(b"identity") =>
        {
            AnswerBody::Whole(body)
        }
        AnswerBody::Whole(_) => AnswerBody::Broken {
            reason: format!(
                "it is compressed ({}), which was not asked for",
                String::from_utf8_lossy(encoding)
            ),
        },
        other => other,
    }
}

#[cfg(feature = "zstd")]
fn zstd_decoder(body: &[u8]) -> std::io::Result<zstd::Decoder<'static, &[u8]>> {
    let mut decoder = zstd::Decoder::with_buffer(body)?;
    // 8 MiB, the most that RFC 8878 expects of every decoder: a server must not decide how much memory we use.
    decoder.window_log_max(23)?;
    Ok(decoder)
}

fn bounded(decoder: impl Read) -> AnswerBody {
    let mut plain = Vec::new();
    // One byte more than allowed shows that there is more.
    let limit = RESPONSE_LIMIT_BYTES as u64 + 1;
    match decoder.take(limit).read_to_end(&mut plain) {
        Ok(_) if plain.len() > RESPONSE_LIMIT_BYTES => AnswerBody::TooLarge,
        Ok(_) => AnswerBody::Whole(Bytes::from(plain)),
        Err(error) => garbled(&error),
    }
}

fn garbled(error: &std::io::Error) -> AnswerBody {
    AnswerBody::Broken {
        reason: format!("it is not compressed in the way that it says: {error}"),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    const GZIP: HeaderValue = HeaderValue::from_static("gzip");

    fn noise(bytes: usize) -> Vec<u8> {
        let mut state = 88_172_645_463_325_252_u64;
        let step = |_| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state as u8
        };
        (0..bytes).map(step).collect()
    }

    fn gunzip(compressed: &[u8]) -> Vec<u8> {
        let mut plain = Vec::new();
        let mut decoder = flate2::read::GzDecoder::new(compressed);
        decoder.read_to_end(&mut plain).unwrap();
        plain
    }

    fn gzip(plain: &[u8]) -> Bytes {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        encoder.write_all(plain).unwrap();
        encoder.finish().unwrap().into()
    }

    #[test]
    fn what_is_compressed_comes_out_the_same_again_and_again() {
        let compressor = Compressor::new(Compression::Gzip).unwrap();
        // Noise does not shrink, so the room that is set aside for it is too small at first.
        for plain in [Vec::new(), vec![7; 300_000], noise(300_000), vec![1]] {
            let compressed = compressor.compress(plain.clone().into()).unwrap();
            assert_eq!(gunzip(&compressed), plain);
        }
        let long = compressor.compress(vec![7; 300_000].into()).unwrap();
        assert!(long.len() < 3_000, "{}", long.len());
        assert_eq!(compressor.encoding(), Some(GZIP));
    }

    #[cfg(feature = "zstd")]
    #[test]
    fn zstd_comes_out_the_same_again_and_again() {
        let compressor = Compressor::new(Compression::Zstd).unwrap();
        for plain in [Vec::new(), vec![7; 300_000], noise(300_000)] {
            let compressed = compressor.compress(plain.clone().into()).unwrap();
            let read = zstd::bulk::decompress(&compressed, plain.len());
            assert_eq!(read.unwrap(), plain);
        }
        assert_eq!(compressor.encoding().unwrap(), "zstd");
    }

    #[cfg(not(feature = "zstd"))]
    #[test]
    fn without_zstd_there_is_a_word_about_it() {
        let error = Compressor::new(Compression::Zstd).err().unwrap();
        assert!(error.contains("use gzip"), "{error}");
    }

    #[test]
    fn without_compression_the_body_stays_as_it_is() {
        let compressor = Compressor::new(Compression::None).unwrap();
        let body = Bytes::from_static(b"a");
        assert_eq!(compressor.compress(body.clone()).unwrap(), body);
        assert_eq!(compressor.encoding(), None);
    }

    #[test]
    fn an_answer_is_decompressed_up_to_the_limit() {
        let answer = |plain: &[u8]| decompressed(AnswerBody::Whole(gzip(plain)), Some(&GZIP));
        assert!(matches!(answer(b"abc"), AnswerBody::Whole(body) if body == "abc"));
        let most = vec![0; RESPONSE_LIMIT_BYTES];
        assert!(matches!(answer(&most), AnswerBody::Whole(body) if body == most));
        // 4 KB on the wire.
        let bomb = vec![0; RESPONSE_LIMIT_BYTES + 1];
        assert!(matches!(answer(&bomb), AnswerBody::TooLarge));
    }

    #[cfg(feature = "zstd")]
    #[test]
    fn an_answer_in_zstd_is_decompressed_up_to_the_limit() {
        let answer = |plain: &[u8]| {
            let body = zstd::bulk::compress(plain, 1).unwrap();
            let encoding = HeaderValue::from_static("zstd");
            decompressed(AnswerBody::Whole(body.into()), Some(&encoding))
        };
        assert!(matches!(answer(b"abc"), AnswerBody::Whole(body) if body == "abc"));
        let bomb = vec![0; RESPONSE_LIMIT_BYTES + 1];
        assert!(matches!(answer(&bomb), AnswerBody::TooLarge));
    }

    #[test]
    fn an_answer_that_is_not_what_it_says_is_broken() {
        let broken = |body: &'static [u8], encoding: &'static str| {
            let body = AnswerBody::Whole(Bytes::from_static(body));
            match decompressed(body, Some(&HeaderValue::from_static(encoding))) {
                AnswerBody::Broken { reason } => reason,
                other => panic!("{other:?}"),
            }
        };
        assert!(broken(b"plain", "gzip").contains("not compressed in the way"));
        assert!(broken(b"?", "br").contains("(br)"));
        let body = AnswerBody::Whole(Bytes::from_static(b"plain"));
        let identity = HeaderValue::from_static("identity");
        assert!(matches!(
            decompressed(body, Some(&identity)),
            AnswerBody::Whole(_)
        ));
    }
}
