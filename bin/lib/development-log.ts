import { PassThrough } from 'node:stream';
import pretty from 'pino-pretty';

/** Prints a child's log for a developer's eyes, each line led by the process it comes from. */
export function printDevelopmentLog(name: string): (chunk: Buffer) => void {
  const input = new PassThrough();
  input.pipe(
    pretty({
      colorize: process.stdout.isTTY,
      ignore: 'pid,tier,hostname',
      translateTime: 'SYS:HH:MM:ss.l',
      messageFormat: `${name} | {msg}`,
    }),
  );
  return (chunk) => input.write(chunk);
}
