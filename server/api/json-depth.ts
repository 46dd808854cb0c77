import { ServiceError } from '#server/lib/index.ts';

/** No request of ours is nested deeper; what walks a document may call itself for each level. */
export const MAX_JSON_DEPTH = 64;

const [QUOTE, BACKSLASH] = [0x22, 0x5c];
const OPENING = new Set([0x5b, 0x7b]);
const CLOSING = new Set([0x5d, 0x7d]);

/**
 * Looks only at brackets outside of strings, before anything is parsed: the parser says whether it is JSON at all.
 * @throws ServiceError INPUT_INVALID
 */
export function refuseDeepJson(text: string): void {
  let depth = 0;
  let isInString = false;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (isInString) {
      if (code === BACKSLASH) at += 1;
      else if (code === QUOTE) isInString = false;
    } else if (code === QUOTE) isInString = true;
    else if (OPENING.has(code)) {
      depth += 1;
      if (depth > MAX_JSON_DEPTH)
        throw new ServiceError('INPUT_INVALID', `JSON nested deeper than ${MAX_JSON_DEPTH} levels is not taken`);
    } else if (CLOSING.has(code)) depth -= 1;
  }
}
