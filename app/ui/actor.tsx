const KEY = /^api_key:(.+)$/;
const PROGRAM = /^system:(.+)$/;

/** Who did it, of what rows say: an e-mail address, `api_key:<id>`, or `system:<what>`. */
export function actorWords(name: string): string {
  const key = KEY.exec(name)?.[1];
  if (key !== undefined) return `API key …${key.slice(-8)}`;
  const program = PROGRAM.exec(name)?.[1];
  return program === undefined || name.includes('@') ? name : `Mainspring (${program.replaceAll('-', ' ')})`;
}

/** The same to show. An address breaks behind its @ where there is no room, and not within a word. */
export function Actor({ name, className }: { name: string; className?: string }) {
  const words = actorWords(name);
  const at = words.indexOf('@') + 1;
  return (
    <span title={name} className={className}>
      {words.slice(0, at)}
      {at > 0 && <wbr />}
      {words.slice(at)}
    </span>
  );
}
