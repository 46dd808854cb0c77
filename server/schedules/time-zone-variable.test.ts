import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';

const script = fileURLToPath(new URL('./fixtures/print-next-fires.ts', import.meta.url));

type Row = { schedule: unknown; offset: number; fires: string[] };

async function rowsUnder(timeZone: string): Promise<Row[]> {
  const env = { ...process.env, TZ: timeZone };
  const { stdout } = await promisify(execFile)(process.execPath, [script], { encoding: 'utf8', env });
  return JSON.parse(stdout) as Row[];
}

describe('the TZ variable of the process', () => {
  it('changes no next fire of any kind of schedule', async () => {
    const answers = await Promise.all(
      ['UTC', 'America/New_York', 'Asia/Kathmandu', 'Australia/Lord_Howe'].map(rowsUnder),
    );
    const [inUtc = []] = answers;
    expect(inUtc.length).toBeGreaterThan(20);
    expect(inUtc.every((row) => row.fires.length === 6)).toBe(true);
    for (const rows of answers) {
      expect(rows.map(({ schedule, fires }) => ({ schedule, fires }))).toEqual(
        inUtc.map(({ schedule, fires }) => ({ schedule, fires })),
      );
    }
    // The variable did take effect in each child: four process offsets.
    expect(new Set(answers.map((rows) => rows[0]?.offset)).size).toBe(4);
  }, 30_000);
});
