// What a database's address must look like. The driver and Node find a bad one only when it is used, and Node then
// prints the whole of it, with its password.

const HOW = 'write it as postgres://user:password@host:5432/name';
const RAW = 'in a user or password write "%" as %25, "/" as %2F, "?" as %3F, "#" as %23 and "@" as %40';

/** What is wrong with the address and what to do, as what follows a variable's name, never with its value; null when nothing is. */
export function databaseUrlProblem(text: string): string | null {
  const url = URL.parse(text);
  if (!url) return `is no address of a database: ${HOW}; ${RAW}`;
  if (url.protocol !== 'postgres:' && url.protocol !== 'postgresql:') return `is no address of a database: ${HOW}`;
  // Without a host an address takes no user, so that every role would be whoever the process runs as.
  if (url.hostname === '') return `names no host: ${HOW}`;
  if (url.port === '0') return `has the port 0, on which no server listens: ${HOW}`;
  // `owner:12#rest@host/name` reads as the host "owner" with the port 12.
  const isCut = url.username === '' && /^[^=]*@/.test(url.pathname + url.search + url.hash);
  if (isCut || ![url.username, url.password, url.hostname].every(isDecodable))
    return `has a character that must be written otherwise: ${RAW}`;
  return null;
}

function isDecodable(part: string): boolean {
  try {
    decodeURIComponent(part);
    return true;
  } catch {
    return false;
  }
}
