//! Compression of payloads: LZ4 blocks behind their size, four bytes, little-endian. Pure.

/// Payloads smaller than this go as they are, in bytes: there is too little in them to win.
pub const LEAST: usize = 1024;

/// `payload` compressed; `None` when that would not make it smaller.
#[must_use]
pub fn compress(payload: &[u8]) -> Option<Vec<u8>> {
  if payload.len() < LEAST {
    return None;
  }
  Some(lz4_flex::compress_prepend_size(payload)).filter(|packed| packed.len() < payload.len())
}

/// What [`compress`] was given, if that is not over `limit` bytes. Nothing is allocated before its
/// size is known to be allowed.
///
/// # Errors
/// A sentence.
pub fn decompress(packed: &[u8], limit: usize) -> Result<Vec<u8>, String> {
  let (size, block) = lz4_flex::block::uncompressed_size(packed)
    .map_err(|error| format!("compressed frame: {error}"))?;
  if size > limit {
    return Err(format!("compressed frame of {size} bytes, {limit} is the most"));
  }
  lz4_flex::block::decompress(block, size).map_err(|error| format!("compressed frame: {error}"))
}

#[cfg(test)]
mod tests {
  #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
  use proptest::prelude::*;

  use super::*;

  proptest! {
    #[test]
    fn comes_back(bytes in proptest::collection::vec(0_u8..4, 0..4096)) {
      if let Some(packed) = compress(&bytes) {
        prop_assert!(packed.len() < bytes.len());
        prop_assert_eq!(decompress(&packed, bytes.len()).unwrap(), bytes);
      }
    }

    #[test]
    fn takes_any_junk(bytes in proptest::collection::vec(any::<u8>(), 0..2048)) {
      let _refused = decompress(&bytes, 4096);
    }
  }

  #[test]
  fn allocates_no_more_than_allowed() {
    let packed = compress(&[0; 5000]).unwrap();
    assert!(decompress(&packed, 4999).unwrap_err().contains("4999 is the most"));
  }
}
