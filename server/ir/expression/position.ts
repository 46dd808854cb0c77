// Three ways of counting meet here. The parse tree's locations are bytes of UTF-8, PostgreSQL's error positions are
// code points, and what we report are JavaScript string offsets (UTF-16 code units), so that `text.slice(position)`
// and an editor agree. On text below U+10000 the last two are the same.

/** The string offset of a UTF-8 byte offset; one inside a character gives that character's start. */
export function offsetOfByte(text: string, byteOffset: number): number {
  let bytes = 0;
  let offset = 0;
  for (const character of text) {
    bytes += Buffer.byteLength(character, 'utf8');
    if (bytes > byteOffset) return offset;
    offset += character.length;
  }
  return text.length;
}

/** The string offset of a count of code points. */
export function offsetOfCodePoint(text: string, codePoints: number): number {
  let seen = 0;
  let offset = 0;
  for (const character of text) {
    if (seen === codePoints) return offset;
    seen += 1;
    offset += character.length;
  }
  return text.length;
}
