/**
 * Kills this process, as kill -9 would, when `armed` (FAIL_POINT) names the point that was just reached; `name:3`
 * means the third time. Tests prove with it that a job can die anywhere; unset, it does nothing.
 */
export function failPoint(armed: string | undefined, reached: string): void {
  if (armed === undefined) return;
  const [name, at = '1'] = armed.split(':');
  if (name !== reached) return;
  passed += 1;
  if (passed < Number(at)) return;
  process.kill(process.pid, 'SIGKILL');
  // Nothing of this process may run while the signal is on its way.
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10_000);
}

let passed = 0;
