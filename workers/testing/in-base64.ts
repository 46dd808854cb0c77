/**
 * How a text looks within base64, wherever in the encoded bytes it stands (as behind `user:`): one form for each of the
 * three alignments, in both alphabets, without the characters at either end that its neighbours have a share in.
 */
export function formsInBase64(text: string): string[] {
  const bytes = Buffer.from(text);
  const forms = [0, 1, 2].map((before) =>
    Buffer.concat([Buffer.alloc(before), bytes])
      .toString('base64')
      .slice(Math.ceil((before * 8) / 6), Math.floor(((before + bytes.length) * 8) / 6)),
  );
  return [...new Set(forms.flatMap((form) => [form, form.replaceAll('+', '-').replaceAll('/', '_')]))];
}
