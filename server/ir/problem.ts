/** One thing wrong with a document, at a JSON pointer into it. */
export type Problem = {
  /** RFC 6901 pointer into the document, e.g. `/nodes/2/config/where`. */
  pointer: string;
  /** A stable snake_case reason, e.g. `unknown_column`. */
  code: string;
  message: string;
  severity: 'error' | 'warning';
  /** Zero-based character offset inside the expression at `pointer`, where there is one. */
  position?: number;
};
