/** A row of a file, its values in the order of the declared columns, or why it is none. */
export type FileRecord =
  | { ok: true; line: number; values: (string | null)[] }
  | { ok: false; line: number; text: string; message: string };

/** The whole file cannot be read: it goes to `.failed/` and its name into the DLQ. */
export class UnreadableFileError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'UnreadableFileError';
  }
}
