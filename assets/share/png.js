/* Text in PNG files: what a picture shows, kept in the file itself. The server does the same (layouts/export/png.py). */
((metrics) => {
  const HEADER_ENDS = 33;
  const LONGEST_KEYWORD = 79;

  const table = Uint32Array.from({ length: 256 }, (_, byte) => {
    let rest = byte;
    for (let bit = 0; bit < 8; bit += 1) rest = rest & 1 ? 0xedb88320 ^ (rest >>> 1) : rest >>> 1;
    return rest;
  });

  /** @param {Uint8Array} bytes - CRC-32, as in the PNG specification */
  function checksum(bytes) {
    let rest = 0xffffffff;
    for (const byte of bytes) rest = table[(rest ^ byte) & 0xff] ^ (rest >>> 8);
    return (rest ^ 0xffffffff) >>> 0;
  }

  /**
   * length, kind, content, checksum
   * @param {string} kind
   * @param {Uint8Array} content
   */
  function chunk(kind, content) {
    const bytes = new Uint8Array(content.length + 12);
    const view = new DataView(bytes.buffer);
    view.setUint32(0, content.length);
    bytes.set(new TextEncoder().encode(kind), 4);
    bytes.set(content, 8);
    view.setUint32(content.length + 8, checksum(bytes.subarray(4, content.length + 8)));
    return bytes;
  }

  /**
   * An iTXt chunk: keyword, not compressed, no language, UTF-8.
   * @param {[keyword: string, text: string]} pair
   */
  function textChunk([keyword, text]) {
    const name = Array.from(keyword.slice(0, LONGEST_KEYWORD), (letter) => letter.charCodeAt(0) & 0xff);
    return chunk("iTXt", Uint8Array.from([...name, 0, 0, 0, 0, 0, ...new TextEncoder().encode(text)]));
  }

  /**
   * A PNG, and pairs of keyword and text → the same with a text chunk for each, right after its header.
   * @param {Blob} blob
   * @param {[keyword: string, text: string][]} texts
   */
  async function withText(blob, texts) {
    const bytes = new Uint8Array(await blob.arrayBuffer());
    const chunks = texts.filter(([, text]) => text).map(textChunk);
    return new Blob([bytes.subarray(0, HEADER_ENDS), ...chunks, bytes.subarray(HEADER_ENDS)], { type: "image/png" });
  }

  const png = { withText };
  metrics.png = png;
  if (typeof module === "object") module.exports = png;
})(globalThis.metrics);
