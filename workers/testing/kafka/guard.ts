// Runs a command that must not outlive another process: `guard.ts <pid> <folder> <command> [argument…]`. When the
// process with that number is gone, however it ended, the command is killed and the folder removed ("-": none).
import { spawn } from 'node:child_process';
import { rmSync } from 'node:fs';

const [pid, folder, command, ...rest] = process.argv.slice(2);
if (!pid || !folder || !command) throw new Error('guard.ts needs a process, a folder and a command');
const child = spawn(command, rest, { stdio: ['ignore', 'inherit', 'inherit'] });
let isOrphaned = false;

child.once('error', () => process.exit(127));
child.once('exit', (code) => {
  if (isOrphaned && folder !== '-') rmSync(folder, { recursive: true, force: true });
  process.exit(code ?? 1);
});
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => child.kill(signal));

setInterval(() => {
  if (isRunning(Number(pid))) return;
  isOrphaned = true;
  child.kill('SIGKILL');
}, 500);

function isRunning(id: number): boolean {
  try {
    process.kill(id, 0);
    return true;
  } catch {
    return false;
  }
}
