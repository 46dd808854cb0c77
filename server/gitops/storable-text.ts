/** What somebody else wrote, as a column takes it: `maxChars` of it, without zero bytes and halves of surrogate pairs. */
export const storableText = (text: string, maxChars: number): string =>
  text.slice(0, maxChars).toWellFormed().replaceAll('\0', '\ufffd');
