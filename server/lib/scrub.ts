// What never reaches a log, whatever line it is in: the last thing that happens to a line before it is written.
//
// Names are known (a field called password), shapes are known (our keys, other systems' tokens, what stands before the
// host of a URL), and the secrets of this very process are known by their values.

export const SCRUBBED = '[redacted]';

// Bounded on both sides: unbounded, a line of `-token-token-…` costs its length to the third power.
const NAME = String.raw`[\w-]{0,40}(?:pass(?:word|wd|phrase)|secret|token|authorization|cookie|api[_-]?key|credential|private[_-]?key|connection[_-]?string|dsn|signature)[\w-]{0,40}`;

type Rule = [pattern: RegExp, replacement: string];
const RULES: readonly Rule[] = [
  // Fields of the line, and of JSON that was quoted into one of its texts.
  [new RegExp(String.raw`"(${NAME})":"(?:[^"\\]|\\.)*"`, 'gi'), `"$1":"${SCRUBBED}"`],
  [new RegExp(String.raw`\\"(${NAME})\\":\s*\\"(?:[^"\\]|\\[^"])*\\"`, 'gi'), `\\"$1\\":\\"${SCRUBBED}\\"`],
  // name=value, in queries, connection strings and prose. A word after "token: " in prose is no loss.
  [new RegExp(String.raw`\b(${NAME})=[^&\s"'\\;,)]+`, 'gi'), `$1=${SCRUBBED}`],
  [/([?&](?:sig|auth|key|code|state))=[^&\s"'\\;,)]+/gi, `$1=${SCRUBBED}`],
  [new RegExp(String.raw`\b(${NAME}):\s+(?!\[|Bearer|Basic)[^\s"'\\;,)]{6,}`, 'gi'), `$1: ${SCRUBBED}`],
  [/\b(Bearer|Basic|Splunk|ApiKey|Digest)\s+[\w.~+/=-]{6,}/gi, `$1 ${SCRUBBED}`],
  // Before the host of an address; empty user or password too.
  [/([a-z][\w+.-]*:\/\/)[^/\s"'@\\?#]*@/gi, `$1${SCRUBBED}@`],
  // Keys by their shape: ours, then those of systems that people connect.
  [/\bms_[\w-]{12,}/g, SCRUBBED],
  [/\bwhsec_[\w+/=-]{8,}/g, SCRUBBED],
  [/\b(?:AKIA|ASIA)[A-Z0-9]{16}\b/g, SCRUBBED],
  [/\b(?:gh[pousr]_|github_pat_|glpat-|xox[abprs]-|sk_live_|dop_v1_)[\w-]{8,}/g, SCRUBBED],
  [/\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*/g, SCRUBBED],
  [/-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)/g, SCRUBBED],
];

const known = new Set<string>();
/** Shorter ones would take ordinary words with them. */
const MIN_KNOWN_CHARS = 8;

/** Values that this process holds and no line may have: call at boot with every secret of the environment. */
export function keepOutOfLogs(values: Iterable<string | undefined>): void {
  for (const value of values) if (value !== undefined && value.length >= MIN_KNOWN_CHARS) known.add(value);
}

/** The line without its secrets. It stays JSON when it was. */
export function scrub(line: string): string {
  let text = line;
  for (const value of known) {
    if (text.includes(value)) text = text.replaceAll(value, SCRUBBED);
    const quoted = JSON.stringify(value).slice(1, -1);
    if (quoted !== value) text = text.replaceAll(quoted, SCRUBBED);
  }
  for (const [pattern, replacement] of RULES) text = text.replace(pattern, replacement);
  return text;
}
